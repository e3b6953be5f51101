"""Notion's pages, by the mapping that the extractor resolved into the manifest (property ids, never names)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.transformer.tidy import dates, drift, values
from services.transformer.tidy.columns import ABSENT, Convert, Raw, Table, Typed, typed
from services.transformer.tidy.notion_properties import Properties, drift_of, storable
from services.transformer.tidy.rows import Parsed, Tidied, assemble, parse
from shared.contracts.notion_values import Mark, are_known, mark, plain
from shared.landing import Manifest, RawRow

# field of operacional.notion_pages that a mapping may feed: its converter
FIELDS: Mapping[str, Convert] = {
    "title": values.text,
    "client_code": values.key,
    "client_document": values.document,
    "trade_name": values.text,
    "client_manager": values.text,
    "client_state": values.text,
    "client_since": dates.day,
    "source_status": values.text,
    "department": values.text,
    "owner": values.text,
    "competence": dates.month,
    "due_date": dates.day,
    "legal_due_date": dates.day,
    "completed_at": dates.moment,
}
# Two codes are no code, and two dates no date: only what people read may be several values in one.
JOINED = frozenset({values.text})
# A page always has these: what lacks one says null.
OF_PAGE = ("id", "url", "created_time", "last_edited_time")


def tidy(chunk: Sequence[RawRow], first_number: int, manifest: Manifest) -> Tidied:
    """A chunk of a Notion batch. A task's status takes the group that the mapping gives its word, else `open`.

    A value that is cut, unknown or not supported is NULL and named in `drift`; the raw properties keep its mark.
    """
    mapping: Mapping[str, Any] = manifest.content.get("mapping") or {}
    feeds: Mapping[str, Mapping[str, Any]] = mapping.get("fields") or {}
    given: Mapping[str, str] = mapping.get("statuses") or {}
    statuses = dict(zip(values.text(list(given)), given.values(), strict=True))  # the words are cleaned too
    related: Mapping[str, str] = manifest.content.get("related") or {}
    unresolved: Mapping[str, Any] = manifest.content.get("unresolved") or {}
    related = {page: storable(title) for page, title in related.items()}
    parsed, properties = Parsed(), Properties(str(feed["id"]) for feed in feeds.values())
    page: dict[str, Raw] = {name: [] for name in (*OF_PAGE, "properties")}
    for objects in parse(chunk, first_number, parsed):
        table = Table(objects)
        for name, column in page.items():
            column += [None if value is ABSENT else value for value in table.get(name)]
        properties.note(table.get("properties"))
    found = properties.unknown_to(manifest.content.get("schema"))
    fields: dict[str, Typed] = {}
    for name, convert in FIELDS.items():
        raw: Raw = [None] * len(parsed.texts)
        if name in feeds:
            cells = properties.cells(str(feeds[name]["id"]))
            found |= drift_of(name, feeds[name], cells)
            raw = [_value(cell, related, joined=convert in JOINED) for cell in cells]
            if str(feeds[name]["id"]) in unresolved:
                known = (cell is not ABSENT and are_known(cell, related) for cell in cells)
                raw = [value if is_known else Mark.UNRESOLVED for value, is_known in zip(raw, known, strict=True)]
            found |= {f"{missing.value}:{name}" for missing in Mark if missing in raw}
            raw = [None if isinstance(value, Mark) else value for value in raw]
        fields[name] = typed(raw, convert)
    fields["client_key"] = fields["client_code"].then(values.client_key)
    fields["url"] = typed(page["url"], values.text)
    fields["created_at"] = typed(page["created_time"], dates.moment)
    if mapping.get("role") == "tasks":
        words = fields["source_status"]
        fields["status"] = words.then(lambda known: [statuses.get(word, "open") for word in known], null="open")
        found |= drift.unknown_statuses(words.values, statuses)
    ids, updated = typed(page["id"], values.key), typed(page["last_edited_time"], dates.moment)
    # Empty values of a page without properties would take the place of those that were read before.
    wrong = {"properties": np.array([not isinstance(each, dict) for each in page["properties"]], dtype=bool)}
    return assemble(parsed, ids, fields, updated=updated, wrong=wrong, drift=found, counts={})


def _value(cell: Any, related: Mapping[str, str], *, joined: bool) -> Any:
    if cell is ABSENT:
        return None
    try:
        found = mark(cell) or plain(cell, related)
        if not isinstance(found, list):
            return found
        distinct = found if joined else list(dict.fromkeys(found))
        return ", ".join(distinct) if joined or len(distinct) < 2 else Mark.SEVERAL
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return cell  # of another shape than its type has: no converter takes an object, so the row is set aside
