"""The SQL of a load, statement by statement, in the order they run (design, section 6; guarantees 2 to 4).

A chunk of rows is staged. What wins by version against what was last seen, and says something new or may be seen
otherwise because another part of the row knows something, is compared with the stored row; only what differs is
written, and noted in `written`. What was seen is noted in `incoming`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of current rows, and which of its rows are tasks."""

    system: str
    name: str
    key: str
    tasks: str


TABLES = {
    "gestta": Table("gestta", "gestta_tasks", "task_id", "true"),
    "notion": Table("notion", "notion_pages", "page_id", "role = 'tasks'"),
}

# Stored rows are looked up by their key, one by one (LATERAL, OFFSET 0), so that a chunk costs the same however large
# the tables are. The planner would choose otherwise: it takes tables that just grew for empty.
BY_KEY = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_seqscan = off"
# For what follows the chunks; hash joins are right for a large batch.
AS_A_WHOLE = "SET LOCAL enable_seqscan = on; SET LOCAL enable_nestloop = {nestloop}"

# Rows stay in their page: compressing them would cost more than the whole COPY.
STAGING = """
CREATE TEMP TABLE staging (
    row_id text, read_at timestamptz, source_updated_at timestamptz, content bytea, raw jsonb, fields jsonb
) WITH (toast_tuple_target = 8160) ON COMMIT DROP
"""
COPY = "COPY staging FROM STDIN WITH (FORMAT text, NULL '')"
EMPTY = "TRUNCATE staging"

_SIGHTED = "SELECT * FROM ops.sightings WHERE system = '{system}' AND row_id = s.row_id AND part = '{part}' OFFSET 0"
_WINS = ":force OR seen.row_id IS NULL OR (s.source_updated_at, s.read_at) >= (seen.source_updated_at, seen.read_at)"
INCOMING = "CREATE TEMP TABLE incoming (row_id text, read_at timestamptz) ON COMMIT DROP"
SIGHTINGS = """
WITH sighted AS (
INSERT INTO ops.sightings AS seen (system, row_id, part, scope, source_updated_at, read_at, content)
SELECT :system, row_id, :part, :scope, source_updated_at, read_at, content FROM staging
ON CONFLICT (system, row_id, part) DO UPDATE
SET scope = excluded.scope, source_updated_at = excluded.source_updated_at, read_at = excluded.read_at,
    content = excluded.content
WHERE :force OR (excluded.source_updated_at, excluded.read_at) >= (seen.source_updated_at, seen.read_at)
RETURNING row_id, read_at)
INSERT INTO incoming SELECT * FROM sighted
"""
# What a person forces says something older of a row; that it was seen since is as true as before, and it lives.
STILL_SEEN = """
INSERT INTO ops.sightings AS kept (system, row_id, part, scope, read_at)
SELECT seen.system, seen.row_id, 'forced', seen.scope, seen.read_at
FROM staging s JOIN ops.sightings seen ON seen.system = :system AND seen.row_id = s.row_id AND seen.part = :part
WHERE seen.read_at > s.read_at
ON CONFLICT (system, row_id, part) DO UPDATE SET read_at = greatest(kept.read_at, excluded.read_at)
"""

WRITTEN = """
CREATE TEMP TABLE written (
    row_id text, is_new boolean, is_task boolean, status text, owner text, due_date date, completed_at timestamptz,
    department text, client_key text, client_document text
) ON COMMIT DROP
"""
_NOTED = "status, owner, due_date, completed_at, department, client_key, client_document"

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


def upsert_gestta(part: str) -> str:
    """Write what differs; `part` is `report` or `search`."""
    other = "search" if part == "report" else "report"
    columns = ", ".join(GESTTA_COLUMNS)
    selected = ", ".join("coalesce(f.status, 'open')" if c == "status" else f"f.{c}" for c in GESTTA_COLUMNS)
    # The part that was *seen* last wins a key that both have: the stored row's own time says only when it last changed.
    # OFFSET 0: what is computed there is computed once. A row that was inserted has no xmax, one that was updated has.
    return f"""
WITH upserted AS (
INSERT INTO operacional.gestta_tasks
       (task_id, {columns}, {part}, {part}_fields, content_hash, read_at, batch_ref, loaded_at)
SELECT said.row_id, {selected}, said.raw, said.fields, said.hash, said.newest, :batch_ref, now()
FROM (
    SELECT s.row_id, part.raw, part.fields, whole.fields AS whole, greatest(s.read_at, other.read_at) AS newest,
           sha256(convert_to(whole.fields::text, 'UTF8')) AS hash, stored.content_hash AS stored_hash,
           stored.{part} AS stored_raw, stored.{part}_fields AS stored_fields
    FROM staging s
    LEFT JOIN LATERAL ({_SIGHTED.format(system="gestta", part=part)}) seen ON true
    LEFT JOIN LATERAL ({_SIGHTED.format(system="gestta", part=other)}) other ON true
    LEFT JOIN LATERAL (
        SELECT * FROM operacional.gestta_tasks WHERE task_id = s.row_id OFFSET 0
    ) stored ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(s.raw, stored.{part}) AS raw,
               coalesce(s.fields, stored.{part}_fields) AS fields OFFSET 0
    ) part
    CROSS JOIN LATERAL (
        SELECT CASE WHEN stored.{other}_fields IS NULL THEN part.fields
                    WHEN other.read_at > s.read_at THEN part.fields || stored.{other}_fields
                    ELSE stored.{other}_fields || part.fields END AS fields OFFSET 0
    ) whole
    WHERE ({_WINS}) AND (seen.content IS DISTINCT FROM s.content OR other.row_id IS NOT NULL)
    OFFSET 0
) said
CROSS JOIN LATERAL jsonb_to_record(said.whole) AS f({_typed(GESTTA_COLUMNS)})
WHERE said.stored_hash IS NULL OR said.stored_hash <> said.hash
   OR said.stored_fields IS DISTINCT FROM said.fields OR said.stored_raw IS DISTINCT FROM said.raw
ON CONFLICT (task_id) DO UPDATE
SET ({columns}, {part}, {part}_fields, content_hash, read_at, batch_ref, loaded_at)
  = ({_excluded(GESTTA_COLUMNS)}, excluded.{part}, excluded.{part}_fields, excluded.content_hash,
     excluded.read_at, excluded.batch_ref, excluded.loaded_at)
RETURNING task_id, xmax = 0, true, {_NOTED})
INSERT INTO written SELECT * FROM upserted
"""  # noqa: S608  every name is a constant of this file


UPSERT_NOTION = f"""
WITH upserted AS (
INSERT INTO operacional.notion_pages
       (page_id, data_source_id, role, {", ".join(NOTION_COLUMNS)}, properties, content_hash, read_at,
        source_updated_at, batch_ref, loaded_at)
SELECT said.row_id, :data_source_id, :role, {", ".join(f"f.{c}" for c in NOTION_COLUMNS)}, said.properties, said.hash,
       said.read_at, said.source_updated_at, :batch_ref, now()
FROM (
    SELECT s.row_id, s.fields, s.raw -> 'properties' AS properties, s.read_at, s.source_updated_at,
           sha256(convert_to((s.fields - 'url')::text, 'UTF8')) AS hash
    FROM staging s
    LEFT JOIN LATERAL ({_SIGHTED.format(system="notion", part="page")}) seen ON true
    WHERE ({_WINS}) AND seen.content IS DISTINCT FROM s.content
    OFFSET 0
) said
LEFT JOIN LATERAL (SELECT * FROM operacional.notion_pages WHERE page_id = said.row_id OFFSET 0) stored ON true
CROSS JOIN LATERAL jsonb_to_record(said.fields) AS f({", ".join(f"{c} {t}" for c, t in NOTION_COLUMNS.items())})
WHERE stored.page_id IS NULL
   OR stored.content_hash <> said.hash OR stored.properties <> said.properties
   OR stored.source_updated_at <> said.source_updated_at
   OR stored.data_source_id <> :data_source_id OR stored.role <> :role
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
SELECT (SELECT count(DISTINCT row_id) FROM incoming) AS seen, count(DISTINCT row_id) AS written,
       count(*) FILTER (WHERE is_new) AS new
FROM written
"""


def _typed(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def _excluded(columns: dict[str, str]) -> str:
    return ", ".join(f"excluded.{name}" for name in columns)
