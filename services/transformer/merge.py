"""The SQL of a load, statement by statement, in the order they run (design, section 6; guarantees 2 to 4).

Staged rows become `incoming` (what wins by version against what was last seen), those become `merged` (with what the
other part knows), and only what differs from the stored row is written.
"""

from dataclasses import dataclass

LOCK = "SELECT pg_advisory_xact_lock(hashtext('load:' || :system))"
"""First of all, and waited for: two loads of one system would deadlock or undo each other's versions."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of current rows, and which of its rows are tasks."""

    system: str
    name: str
    key: str
    tasks: str


TABLES = {
    "gestta": Table("gestta", "gestta_tasks", "task_id", ""),
    "notion": Table("notion", "notion_pages", "page_id", "AND t.role = 'tasks'"),
}

STAGING = """
CREATE TEMP TABLE staging (
    row_number integer, row_id text, read_at timestamptz, source_updated_at timestamptz,
    raw jsonb, fields jsonb, absent text
) ON COMMIT DROP
"""
COPY = "COPY staging FROM STDIN WITH (FORMAT csv)"

INCOMING = """
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT DISTINCT ON (s.row_id)
       s.row_id, s.read_at, s.source_updated_at, s.raw,
       CASE WHEN s.absent IS NULL THEN s.fields ELSE s.fields - string_to_array(s.absent, ',') END AS fields
FROM staging s
LEFT JOIN ops.sightings seen ON seen.system = :system AND seen.row_id = s.row_id AND seen.part = :part
WHERE :force OR seen.row_id IS NULL
   OR (s.source_updated_at, s.read_at) >= (seen.source_updated_at, seen.read_at)
ORDER BY s.row_id, s.source_updated_at DESC, s.read_at DESC, s.row_number DESC
"""

SIGHTINGS = """
INSERT INTO ops.sightings AS seen (system, row_id, part, scope, source_updated_at, read_at)
SELECT :system, row_id, :part, :scope, source_updated_at, read_at FROM incoming
ON CONFLICT (system, row_id, part) DO UPDATE
SET scope = excluded.scope, source_updated_at = excluded.source_updated_at, read_at = excluded.read_at
"""

# The part that was *seen* last wins a key that both have: the stored row's own time says only when it last changed.
MERGED_GESTTA = """
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT i.row_id, i.raw, i.fields, whole.fields AS whole, sha256(convert_to(whole.fields::text, 'UTF8')) AS hash,
       i.read_at, greatest(i.read_at, other.read_at) AS newest, i.source_updated_at, stored.task_id IS NULL AS is_new
FROM incoming i
LEFT JOIN operacional.gestta_tasks stored ON stored.task_id = i.row_id
LEFT JOIN ops.sightings other
       ON other.system = 'gestta' AND other.row_id = i.row_id AND other.part = '{other}'
CROSS JOIN LATERAL (
    SELECT CASE WHEN other.read_at > i.read_at THEN i.fields || coalesce(stored.{other}_fields, '{{}}')
                ELSE coalesce(stored.{other}_fields, '{{}}') || i.fields END AS fields
) whole
WHERE stored.task_id IS NULL
   OR stored.content_hash <> sha256(convert_to(whole.fields::text, 'UTF8'))
   OR stored.{part}_fields IS DISTINCT FROM i.fields
"""

MERGED_NOTION = """
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT i.row_id, i.raw, i.fields, i.fields AS whole, sha256(convert_to((i.fields - 'url')::text, 'UTF8')) AS hash,
       i.read_at, i.read_at AS newest, i.source_updated_at, stored.page_id IS NULL AS is_new
FROM incoming i
LEFT JOIN operacional.notion_pages stored ON stored.page_id = i.row_id
WHERE stored.page_id IS NULL
   OR stored.content_hash <> sha256(convert_to((i.fields - 'url')::text, 'UTF8'))
   OR stored.data_source_id <> :data_source_id OR stored.role <> :role
"""

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
    columns = ", ".join(GESTTA_COLUMNS)
    selected = ", ".join("coalesce(f.status, 'open')" if c == "status" else f"f.{c}" for c in GESTTA_COLUMNS)
    return f"""
INSERT INTO operacional.gestta_tasks
       (task_id, {columns}, {part}, {part}_fields, content_hash, read_at, batch_ref, loaded_at)
SELECT m.row_id, {selected}, m.raw, m.fields, m.hash, m.newest, :batch_ref, now()
FROM merged m
CROSS JOIN LATERAL jsonb_to_record(m.whole) AS f({_typed(GESTTA_COLUMNS)})
ON CONFLICT (task_id) DO UPDATE
SET ({columns}, {part}, {part}_fields, content_hash, read_at, batch_ref, loaded_at)
  = ({_excluded(GESTTA_COLUMNS)}, excluded.{part}, excluded.{part}_fields, excluded.content_hash,
     excluded.read_at, excluded.batch_ref, excluded.loaded_at)
"""  # noqa: S608  every name is a constant of this file


UPSERT_NOTION = f"""
INSERT INTO operacional.notion_pages
       (page_id, data_source_id, role, {", ".join(NOTION_COLUMNS)}, properties, content_hash, read_at,
        source_updated_at, batch_ref, loaded_at)
SELECT m.row_id, :data_source_id, :role, {", ".join(f"f.{c}" for c in NOTION_COLUMNS)}, m.raw -> 'properties', m.hash,
       m.read_at, m.source_updated_at, :batch_ref, now()
FROM merged m
CROSS JOIN LATERAL jsonb_to_record(m.whole) AS f({", ".join(f"{c} {t}" for c, t in NOTION_COLUMNS.items())})
ON CONFLICT (page_id) DO UPDATE
SET (data_source_id, role, {", ".join(NOTION_COLUMNS)}, properties, content_hash, read_at, source_updated_at,
     batch_ref, loaded_at)
  = (excluded.data_source_id, excluded.role, {", ".join(f"excluded.{c}" for c in NOTION_COLUMNS)},
     excluded.properties, excluded.content_hash, excluded.read_at, excluded.source_updated_at,
     excluded.batch_ref, excluded.loaded_at)
"""  # noqa: S608

CHANGED = """
CREATE TEMP TABLE changed ON COMMIT DROP AS
SELECT :source AS source, t.{key} AS task_id, i.read_at, t.status, t.owner, t.due_date, t.completed_at, t.department
FROM incoming i JOIN operacional.{table} t ON t.{key} = i.row_id
WHERE t.removed_at IS NULL {only} AND (i.row_id IN (SELECT row_id FROM merged) OR i.row_id = ANY(:back))
"""
HISTORY_CLOSE = """
UPDATE operacional.task_history h SET valid_to = c.read_at
FROM changed c
WHERE h.source = c.source AND h.task_id = c.task_id AND h.valid_to IS NULL AND h.valid_from < c.read_at
  AND (h.status, h.owner, h.due_date, h.completed_at, h.department)
      IS DISTINCT FROM (c.status, c.owner, c.due_date, c.completed_at, c.department)
"""
HISTORY_OPEN = """
INSERT INTO operacional.task_history
       (source, task_id, valid_from, status, owner, due_date, completed_at, department)
SELECT c.source, c.task_id, c.read_at, c.status, c.owner, c.due_date, c.completed_at, c.department
FROM changed c
WHERE NOT EXISTS (
    SELECT 1 FROM operacional.task_history h
    WHERE h.source = c.source AND h.task_id = c.task_id AND (h.valid_to IS NULL OR h.valid_to > c.read_at))
ON CONFLICT (source, task_id, valid_from) DO NOTHING
"""
PLAN_DROP = """
DELETE FROM ops.scopes WHERE system = :system AND planned_at <= :planned_at AND NOT scope = ANY(:scopes)
"""
# How often a scope is read, and whether at all, comes from the newest plan; when it was last read whole, from its own
# loads alone.
PLAN = """
INSERT INTO ops.scopes AS known (system, scope, every, planned_at)
SELECT :system, :scope, :every, :planned_at
WHERE NOT EXISTS (SELECT 1 FROM ops.scopes newer WHERE newer.system = :system AND newer.planned_at > :planned_at)
ON CONFLICT (system, scope) DO UPDATE SET every = excluded.every, planned_at = excluded.planned_at
"""
SCOPE_READ = """
UPDATE ops.scopes SET last_read_at = greatest(last_read_at, :read_to) WHERE system = :system AND scope = :scope
"""


def _typed(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def _excluded(columns: dict[str, str]) -> str:
    return ", ".join(f"excluded.{name}" for name in columns)
