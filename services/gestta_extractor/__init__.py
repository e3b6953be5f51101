"""Gestta extractor: the office's tasks, read every seven minutes.

consumes  token.supplied.v1.gestta, command.run_now.v1.gestta from `gestta_extractor.commands`
produces  raw_data.ready.v1, auth.failed.v1, auth.expiring.v1, auth.recovered.v1, source.failed.v1, source.recovered.v1,
          source.schema_drifted.v1 (the token is of another office)
owns      `gestta/` in the landing, `gestta.token`, `gestta.token.kept` and `gestta.profile` in TOKENS_DIR, the queue
          `gestta_extractor.running`
talks to  Gestta's private web API, reading only; with GESTTA_LOGIN=onvio also Onvio's sign-in, by a headless Chromium
if it is down, then the panel's tasks grow old: bi.freshness turns stale after three intervals and the notifier says so
"""
