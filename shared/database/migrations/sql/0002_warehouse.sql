-- Approved removals are a load that no message caused: what follows from it is said by a beat, until the broker has it.
ALTER TABLE ops.loads ADD COLUMN to_say boolean NOT NULL DEFAULT false;
CREATE INDEX loads_to_say ON ops.loads (load_id) WHERE to_say;

-- Few rows are gone; each load asks which of its rows are among them.
CREATE INDEX sightings_gone ON ops.sightings (system, row_id) WHERE part = 'gone';
