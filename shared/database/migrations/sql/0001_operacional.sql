CREATE SCHEMA IF NOT EXISTS operacional;

-- One row per task. Two parts make it: what the report said, and what the search or the lookup said. `*_fields` is the
-- part as typed values under the names of the columns, with only the keys that the part had, kept once there are two: a
-- column takes its value from the part read last that has the key, so that an absent key never clears what the other
-- part knows.
CREATE TABLE operacional.gestta_tasks (
    task_id             text PRIMARY KEY,
    title               text,
    type                text,
    subtype             text,
    status              text NOT NULL DEFAULT 'open',
    source_status       text,
    department          text,
    owner               text,
    concluded_by        text,
    client_code         text,
    client_key          text,
    client              text,
    client_document     text,
    client_active       boolean,
    client_regime       text,
    competence          date,
    created_at          timestamptz,
    due_date            date,
    legal_due_date      date,
    completed_at        timestamptz,
    source_overdue      boolean,
    source_on_time      boolean,
    done_late           boolean,
    done_with_fine      boolean,
    generates_fine      boolean,
    downloaded          boolean,
    notify_client       boolean,
    value               numeric,
    url                 text,
    report              jsonb,
    report_fields       jsonb,
    search              jsonb,
    search_fields       jsonb,
    content_hash        bytea NOT NULL,
    read_at             timestamptz NOT NULL,
    batch_ref           text NOT NULL,
    loaded_at           timestamptz NOT NULL DEFAULT now(),
    removed_at          timestamptz
);
CREATE INDEX gestta_tasks_client_key ON operacional.gestta_tasks (client_key);

-- One row per page of a source; the columns of the role that its mapping gave it.
CREATE TABLE operacional.notion_pages (
    page_id             text PRIMARY KEY,
    data_source_id      text NOT NULL,
    role                text NOT NULL CHECK (role IN ('clients', 'tasks')),
    title               text,
    url                 text,
    client_code         text,
    client_key          text,
    client_document     text,
    trade_name          text,
    client_manager      text,
    client_state        text,
    client_since        date,
    status              text,
    source_status       text,
    department          text,
    owner               text,
    competence          date,
    due_date            date,
    legal_due_date      date,
    completed_at        timestamptz,
    created_at          timestamptz,
    properties          jsonb NOT NULL,
    content_hash        bytea NOT NULL,
    read_at             timestamptz NOT NULL,
    source_updated_at   timestamptz NOT NULL,
    batch_ref           text NOT NULL,
    loaded_at           timestamptz NOT NULL DEFAULT now(),
    removed_at          timestamptz
);
CREATE INDEX notion_pages_client_key ON operacional.notion_pages (client_key) WHERE role = 'clients';

-- What a task was like, and from when to when it was read so; `valid_to` is NULL for what holds now.
CREATE TABLE operacional.task_history (
    source              text NOT NULL,
    task_id             text NOT NULL,
    valid_from          timestamptz NOT NULL,
    valid_to            timestamptz,
    status              text,
    owner               text,
    due_date            date,
    completed_at        timestamptz,
    department          text,
    PRIMARY KEY (source, task_id, valid_from)
);
CREATE UNIQUE INDEX task_history_current ON operacional.task_history (source, task_id) WHERE valid_to IS NULL;
