"""The SQL of a load, statement by statement, in the order they run (design, section 6; guarantees 2 to 4).

A chunk of rows is staged: as the table will hold them, or, where nothing can differ, only as seen. What wins by version
against what was last seen is compared with the stored row; only what differs is written, and noted in `written`. What
was seen is noted in `incoming`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

GESTTA_COLUMNS = {
    "title": "text",
    "type": "text",
    "subtype": "text",
    "status": "text",
    "source_status": "text",
    "department": "text",
    "owner": "text",
    "concluded_by": "text",
    "client_code": "text",
    "client_key": "text",
    "client": "text",
    "client_document": "text",
    "client_active": "boolean",
    "client_regime": "text",
    "competence": "date",
    "created_at": "timestamptz",
    "due_date": "date",
    "legal_due_date": "date",
    "completed_at": "timestamptz",
    "source_overdue": "boolean",
    "source_on_time": "boolean",
    "done_late": "boolean",
    "done_with_fine": "boolean",
    "generates_fine": "boolean",
    "downloaded": "boolean",
    "notify_client": "boolean",
    "value": "numeric",
    "url": "text",
}
NOTION_COLUMNS = {
    "title": "text",
    "url": "text",
    "client_code": "text",
    "client_key": "text",
    "client_document": "text",
    "trade_name": "text",
    "client_manager": "text",
    "client_state": "text",
    "client_since": "date",
    "status": "text",
    "source_status": "text",
    "department": "text",
    "owner": "text",
    "competence": "date",
    "due_date": "date",
    "legal_due_date": "date",
    "completed_at": "timestamptz",
    "created_at": "timestamptz",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of current rows, its typed columns, and which of its rows are tasks."""

    system: str
    name: str
    key: str
    tasks: str
    columns: Mapping[str, str]
    volatile: frozenset[str] = frozenset()
    """Columns that make no change: addresses that the source gives anew."""


TABLES = {
    "gestta": Table("gestta", "gestta_tasks", "task_id", "true", GESTTA_COLUMNS),
    "notion": Table("notion", "notion_pages", "page_id", "role = 'tasks'", NOTION_COLUMNS, frozenset({"url"})),
}

# Stored rows are looked up by their key, one by one (LATERAL, OFFSET 0), so that a chunk costs the same however large
# the tables are. The planner would choose otherwise: it takes tables that just grew for empty.
BY_KEY = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_seqscan = off"
# For what follows the chunks; hash joins are right for a large batch.
AS_A_WHOLE = "SET LOCAL enable_seqscan = on; SET LOCAL enable_nestloop = {nestloop}"

# `read_at` is when this part of the row was read, `newest` when the row was. What was only seen has the first four.
# Rows stay in their page: compressing them would cost more than the whole COPY.
STAGING = """
CREATE TEMP TABLE staging (
    row_id text, read_at timestamptz, source_updated_at timestamptz, content bytea,
    newest timestamptz, content_hash bytea, raw jsonb, fields jsonb, other_fields jsonb, {columns}
) WITH (toast_tuple_target = 8160) ON COMMIT DROP
"""
COPY = "COPY staging FROM STDIN WITH (FORMAT text, NULL '')"
EMPTY = "TRUNCATE staging"

# What cannot be read, until it is known whether the batch loads: one that is parked leaves nothing to clean up.
ASIDE = """
CREATE TEMP TABLE aside (row_number integer, row_id text, field text, reason text, raw text) ON COMMIT DROP
"""
COPY_ASIDE = "COPY aside FROM STDIN"

INCOMING = "CREATE TEMP TABLE incoming (row_id text, read_at timestamptz) ON COMMIT DROP"
# What a person forces says something older of a row; that it was seen since is as true as before, and it lives.
STILL_SEEN = """
INSERT INTO ops.sightings AS kept (system, row_id, part, scope, read_at)
SELECT seen.system, seen.row_id, 'forced', seen.scope, seen.read_at
FROM staging s JOIN ops.sightings seen ON seen.system = :system AND seen.row_id = s.row_id AND seen.part = :part
WHERE seen.read_at > s.read_at
ON CONFLICT (system, row_id, part) DO UPDATE SET read_at = greatest(kept.read_at, excluded.read_at)
"""
_SIGHTED = """
WITH sighted AS (
    INSERT INTO ops.sightings AS seen (system, row_id, part, scope, source_updated_at, read_at, content)
    SELECT :system, row_id, :part, :scope, source_updated_at, read_at, content FROM staging
    ON CONFLICT (system, row_id, part) DO UPDATE
    SET scope = excluded.scope, source_updated_at = excluded.source_updated_at, read_at = excluded.read_at,
        content = excluded.content
    WHERE :force OR (excluded.source_updated_at, excluded.read_at) >= (seen.source_updated_at, seen.read_at)
    RETURNING row_id, read_at
),
told AS (
    INSERT INTO incoming SELECT row_id, read_at FROM sighted
),
"""

WRITTEN = """
CREATE TEMP TABLE written (
    row_id text, is_new boolean, is_task boolean, status text, owner text, due_date date, completed_at timestamptz,
    department text, client_key text, client_document text
) ON COMMIT DROP
"""
_NOTED = "status, owner, due_date, completed_at, department, client_key, client_document"


def other_part(part: str) -> str | None:
    """A Gestta task has two parts."""
    return {"report": "search", "search": "report"}.get(part)


def upsert_gestta(part: str) -> str:
    """Note what is seen, and write what differs; `part` is `report` or `search`."""
    other = other_part(part)
    columns = ", ".join(GESTTA_COLUMNS)
    selected = ", ".join("coalesce(s.status, 'open')" if c == "status" else f"s.{c}" for c in GESTTA_COLUMNS)
    # A row that was inserted has no xmax, one that was updated has.
    return f"""{_SIGHTED}upserted AS (
INSERT INTO operacional.gestta_tasks
       (task_id, {columns}, {part}, {part}_fields, {other}_fields, content_hash, read_at, batch_ref, loaded_at)
SELECT s.row_id, {selected}, coalesce(s.raw, stored.{part}), s.fields, s.other_fields, s.content_hash, s.newest,
       :batch_ref, now()
FROM staging s
JOIN sighted USING (row_id)
LEFT JOIN LATERAL (SELECT * FROM operacional.gestta_tasks WHERE task_id = s.row_id OFFSET 0) stored ON true
WHERE s.content_hash IS NOT NULL
  AND (stored.task_id IS NULL OR stored.content_hash <> s.content_hash OR stored.{part}_fields IS DISTINCT FROM s.fields
       OR stored.{part} IS DISTINCT FROM coalesce(s.raw, stored.{part}))
ON CONFLICT (task_id) DO UPDATE
SET ({columns}, {part}, {part}_fields, {other}_fields, content_hash, read_at, batch_ref, loaded_at)
  = ({_excluded(GESTTA_COLUMNS)}, excluded.{part}, excluded.{part}_fields, excluded.{other}_fields,
     excluded.content_hash, excluded.read_at, excluded.batch_ref, excluded.loaded_at)
RETURNING task_id, xmax = 0, true, {_NOTED})
INSERT INTO written SELECT * FROM upserted
"""  # noqa: S608  every name is a constant of this file


UPSERT_NOTION = f"""{_SIGHTED}upserted AS (
INSERT INTO operacional.notion_pages
       (page_id, data_source_id, role, {", ".join(NOTION_COLUMNS)}, properties, content_hash, read_at,
        source_updated_at, batch_ref, loaded_at)
SELECT s.row_id, :data_source_id, :role, {", ".join(f"s.{c}" for c in NOTION_COLUMNS)}, s.raw -> 'properties',
       s.content_hash, s.newest, s.source_updated_at, :batch_ref, now()
FROM staging s
JOIN sighted USING (row_id)
LEFT JOIN LATERAL (SELECT * FROM operacional.notion_pages WHERE page_id = s.row_id OFFSET 0) stored ON true
WHERE s.content_hash IS NOT NULL
  AND (stored.page_id IS NULL
       OR stored.content_hash <> s.content_hash OR stored.properties <> s.raw -> 'properties'
       OR stored.source_updated_at <> s.source_updated_at
       OR stored.data_source_id <> :data_source_id OR stored.role <> :role)
ON CONFLICT (page_id) DO UPDATE
SET (data_source_id, role, {", ".join(NOTION_COLUMNS)}, properties, content_hash, read_at, source_updated_at,
     batch_ref, loaded_at)
  = (excluded.data_source_id, excluded.role, {", ".join(f"excluded.{c}" for c in NOTION_COLUMNS)},
     excluded.properties, excluded.content_hash, excluded.read_at, excluded.source_updated_at,
     excluded.batch_ref, excluded.loaded_at)
RETURNING page_id, xmax = 0, role = 'tasks', {_NOTED})
INSERT INTO written SELECT * FROM upserted
"""  # noqa: S608

# What came back to life without being written otherwise.
BACK = f"""
INSERT INTO written
SELECT {{key}}, false, {{tasks}}, {_NOTED} FROM operacional.{{table}}
WHERE {{key}} = ANY(:back) AND {{key}} IN (SELECT row_id FROM incoming) AND {{key}} NOT IN (SELECT row_id FROM written)
"""  # noqa: S608
COUNTS = """
SELECT (SELECT count(*) FROM (SELECT DISTINCT row_id FROM incoming) each) AS seen,
       (SELECT count(*) FROM (SELECT DISTINCT row_id FROM written) each) AS written,
       (SELECT count(*) FROM written WHERE is_new) AS new
"""


def staging(table: Table) -> str:
    """The table through which the rows come."""
    return STAGING.format(columns=", ".join(f"{name} {kind}" for name, kind in table.columns.items()))


def _excluded(columns: dict[str, str]) -> str:
    return ", ".join(f"excluded.{name}" for name in columns)
