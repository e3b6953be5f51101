"""Transformer: raw batches become tidy rows.

consumes  raw_data.ready.v1 from `transformer.raw_data_ready`
produces  warehouse.loaded.v1 (also of approved removals), source.schema_drifted.v1, source.failed.v1 and
          source.recovered.v1 (mass_removal)
owns      operacional.*, ops.sightings, ops.scopes, ops.loads, ops.rejected_rows, ops.quality, ops.regenerated,
          ops.exports, panel.csv and panel.json; forgets what of it nobody needs any more
talks to  Postgres (login `transformer`), the landing (reads only)
if it is down, then batches wait in the landing and their facts in the queue: the panel stands still, nothing is lost
"""
