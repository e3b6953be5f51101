"""What the warehouse knows of a batch's rows before they are merged: if they say the same, and their other part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.transformer.merge import GESTTA_COLUMNS, other_part

LOOK = """
SELECT said.place, seen.part, CAST(seen.read_at AS text),
       CASE WHEN seen.content <> CAST(said.content AS bytea) THEN NULL
            WHEN isfinite(seen.source_updated_at)
            THEN to_char(seen.source_updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"')
            ELSE seen.source_updated_at::text END,
       {stored}
FROM unnest(CAST(:ids AS text[]), CAST(:contents AS text[])) WITH ORDINALITY AS said (row_id, content, place)
CROSS JOIN LATERAL (
    SELECT * FROM ops.sightings WHERE system = :system AND row_id = said.row_id AND part IN (:part, :other) OFFSET 0
) seen
LEFT JOIN LATERAL (
    SELECT * FROM operacional.gestta_tasks WHERE task_id = seen.row_id AND seen.part = :other OFFSET 0
) stored ON true
"""
STORED = """
stored.content_hash, stored.{part}_fields, stored.{other}_fields,
CASE WHEN stored.{other}_fields IS NULL THEN CAST(stored.{other} AS text) END
"""

TYPED = f"""
SELECT task_id, {", ".join(f"CAST({name} AS text)" for name in GESTTA_COLUMNS)}
FROM operacional.gestta_tasks WHERE task_id = ANY(:ids)
"""  # noqa: S608  every name is a constant


@dataclass(frozen=True, slots=True)
class Asked:
    """A row by the id that it seems to have, and the digest of what it says."""

    row_id: str
    read_at: str
    content: str


@dataclass(frozen=True, slots=True)
class Other:
    """The row's other part, as it is stored beside this one."""

    is_newer: bool
    newest: str
    """When the row was read, in either part."""
    content_hash: bytes
    """As COPY reads it."""
    own: Mapping[str, Any] | None
    """What this part said last."""
    fields: Mapping[str, Any] | None
    """What the other said last; None while it was the only one."""
    raw: str | None
    """The other as it came, where its fields are not kept."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row that says what it said last, with its edit time, or one that has another part."""

    row_id: str
    updated: str | None
    other: Other | None


def look(connection: Connection, asked: Sequence[Asked], *, system: str, part: str) -> dict[int, Seen]:
    """What is known of them, by their place."""
    other = other_part(part)
    stored = STORED.format(part=part, other=other) if other else "NULL, NULL, NULL, NULL"
    values = {
        "system": system,
        "part": part,
        "other": other,
        "ids": [one.row_id for one in asked],
        "contents": [one.content for one in asked],
    }
    seen: dict[int, Seen] = {}
    others: dict[int, tuple[str, list[Any]]] = {}
    for place, seen_part, read_at, updated, *kept in connection.execute(text(LOOK.format(stored=stored)), values):
        n = place - 1
        if seen_part == part:
            seen[n] = Seen(asked[n].row_id, updated, None)
        else:
            others[n] = read_at, kept
    for n, (other_at, kept) in others.items():
        known = seen.get(n) or Seen(asked[n].row_id, None, None)
        seen[n] = replace(known, other=_other(asked[n].read_at, other_at, kept))
    return seen


def stored(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What is in the typed columns of Gestta's tasks, as texts; of one with a single part that part said it all."""
    if not ids:
        return {}
    rows = connection.execute(text(TYPED), {"ids": list(ids)})
    return {
        row_id: {name: value for name, value in zip(GESTTA_COLUMNS, values, strict=True) if value is not None}
        for row_id, *values in rows
    }


def _other(own_time: str, other_time: str, kept: Sequence[Any]) -> Other:
    own, other = datetime.fromisoformat(own_time), datetime.fromisoformat(other_time)
    content_hash, own_fields, fields, raw = kept
    hashed = rb"\x%b" % bytes(content_hash).hex().encode()
    return Other(other > own, max(own, other).isoformat(), hashed, own_fields, fields, raw)
