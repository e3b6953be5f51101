-- What was seen of a source row, apart from what it said. Narrow and never indexed but by its key, so that the update of
-- every read stays in its page (HOT). Part `gone` is the removal: the time at which the source was asked.
CREATE TABLE ops.sightings (
    system              text NOT NULL,
    row_id              text NOT NULL,
    part                text NOT NULL,
    scope               text NOT NULL,
    source_updated_at   timestamptz NOT NULL DEFAULT '-infinity',
    read_at             timestamptz NOT NULL,
    PRIMARY KEY (system, row_id, part)
) WITH (fillfactor = 70);

-- The newest plan of each system and the last complete read of each of its scopes.
CREATE TABLE ops.scopes (
    system              text NOT NULL,
    scope               text NOT NULL,
    every               interval NOT NULL,
    last_read_at        timestamptz,
    planned_at          timestamptz NOT NULL,
    PRIMARY KEY (system, scope)
);

CREATE TABLE ops.processed_events (
    consumer            text NOT NULL,
    event_id            text NOT NULL,
    outcome             jsonb NOT NULL,
    handled_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE ops.loads (
    load_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id            text NOT NULL,
    correlation_id      text NOT NULL,
    replay              text,
    system              text NOT NULL,
    scope               text NOT NULL,
    kind                text NOT NULL,
    batch_ref           text NOT NULL,
    records             integer NOT NULL,
    inserted            integer NOT NULL,
    updated             integer NOT NULL,
    unchanged           integer NOT NULL,
    removed             integer NOT NULL,
    rejected            integer NOT NULL,
    read_to             timestamptz NOT NULL,
    started_at          timestamptz NOT NULL,
    committed_at        timestamptz NOT NULL
);
CREATE INDEX loads_committed_at ON ops.loads (committed_at);

CREATE TABLE ops.rejected_rows (
    batch_ref           text NOT NULL,
    row_number          integer NOT NULL,
    row_id              text,
    field               text NOT NULL,
    reason              text NOT NULL,
    raw                 text NOT NULL,
    rejected_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_ref, row_number)
);

CREATE TABLE ops.quality (
    measured_at         timestamptz NOT NULL,
    system              text NOT NULL,
    scope               text NOT NULL,
    measure             text NOT NULL,
    value               bigint NOT NULL,
    PRIMARY KEY (system, scope, measure, measured_at)
);

CREATE TABLE ops.pending_removals (
    system              text NOT NULL,
    row_id              text NOT NULL,
    scope               text NOT NULL,
    asked_at            timestamptz NOT NULL,
    batch_ref           text NOT NULL,
    decision            text CHECK (decision IN ('approved', 'rejected')),
    decided_by          text,
    decided_at          timestamptz,
    carried_out_at      timestamptz,
    PRIMARY KEY (system, row_id)
);

-- A load asks for a refresh; a run answers every request that it found when it began.
CREATE TABLE ops.refresh_requests (
    event_id            text PRIMARY KEY,
    correlation_id      text NOT NULL,
    replay              text,
    changed             integer NOT NULL,
    requested_at        timestamptz NOT NULL,
    run_id              bigint
);
CREATE INDEX refresh_requests_pending ON ops.refresh_requests (requested_at) WHERE run_id IS NULL;

CREATE TABLE ops.refresh_runs (
    run_id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at          timestamptz NOT NULL,
    ended_at            timestamptz,
    outcome             text CHECK (outcome IN ('refreshed', 'failed')),
    reason              text,
    evidence            text
);

-- One row per incident: what is wrong, since when, and what was said of it.
CREATE TABLE ops.notifications (
    incident            text NOT NULL,
    opened_at           timestamptz NOT NULL,
    last_event_at       timestamptz NOT NULL,
    closed_at           timestamptz,
    facts               jsonb NOT NULL,
    said_at             timestamptz,
    said_as             text,
    recovery_said_at    timestamptz,
    message_ts          text,
    times_said          integer NOT NULL DEFAULT 0,
    PRIMARY KEY (incident, opened_at)
);
CREATE UNIQUE INDEX notifications_open ON ops.notifications (incident) WHERE closed_at IS NULL;
