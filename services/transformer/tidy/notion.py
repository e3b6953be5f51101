"""Notion's pages, by the mapping that the extractor resolved into the manifest (property ids, never names)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from services.transformer.tidy import values
from services.transformer.tidy.notion_values import plain
from services.transformer.tidy.rows import Tidied, assemble, parse
from shared.landing import Manifest, RawRow

# field of operacional.notion_pages that a mapping may feed: its converter
FIELDS: dict[str, values.Converter] = {
    "title": values.text,
    "client_code": values.text,
    "client_document": values.document,
    "trade_name": values.text,
    "client_manager": values.text,
    "client_state": values.text,
    "client_since": values.day,
    "source_status": values.text,
    "department": values.text,
    "owner": values.text,
    "competence": values.month,
    "due_date": values.day,
    "legal_due_date": values.day,
    "completed_at": values.moment,
}


def tidy(chunk: Sequence[RawRow], first_number: int, manifest: Manifest) -> Tidied:
    """A chunk of a Notion batch. A task's status takes the group that the mapping gives its word, else `open`."""
    mapping: Mapping[str, Any] = manifest.content.get("mapping") or {}
    feeds: Mapping[str, str] = {name: str(feed["id"]) for name, feed in (mapping.get("fields") or {}).items()}
    statuses: Mapping[str, str] = mapping.get("statuses") or {}
    related: Mapping[str, str] = manifest.content.get("related") or {}
    parsed = parse(chunk, first_number)
    by_id = [_by_id(page) for page in parsed.objects]
    index = pd.RangeIndex(len(parsed.objects))
    typed: dict[str, pd.Series[Any]] = {}
    wrong: dict[str, pd.Series[Any]] = {}
    for name, convert in FIELDS.items():
        column = [_cell(page, feeds[name], related) if name in feeds else None for page in by_id]
        typed[name], wrong[name] = convert(pd.Series(column, index=index, dtype=object))
    wrong["client_code"] |= values.is_too_long(typed["client_code"])
    typed["client_key"] = values.client_key(typed["client_code"])
    typed["url"], wrong["url"] = values.text(_column(parsed.objects, "url", index))
    typed["created_at"], wrong["created_at"] = values.moment(_column(parsed.objects, "created_time", index))
    updated, wrong["last_edited_time"] = values.moment(_column(parsed.objects, "last_edited_time", index))
    wrong["last_edited_time"] |= updated.isna()
    drift = set()
    if mapping.get("role") == "tasks":
        status = typed["source_status"].map(statuses)
        drift = {f"status={word[:100]}" for word in typed["source_status"][status.isna()].dropna().unique()}
        typed["status"] = status.where(status.notna(), "open").astype(object)
    ids, wrong["id"] = values.text(_column(parsed.objects, "id", index))
    wrong["id"] |= values.is_too_long(ids)
    absent = pd.DataFrame(False, index=index, columns=list(typed))
    return assemble(parsed, ids, pd.DataFrame(typed), absent, wrong, source_updated_at=updated, drift=drift)


def _by_id(page: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    properties = page.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {str(value.get("id")): value for value in properties.values() if isinstance(value, dict)}


def _cell(page: Mapping[str, Mapping[str, Any]], property_id: str, related: Mapping[str, str]) -> Any:
    value = page.get(property_id)
    try:
        found = plain(value, related) if value is not None else None
    except (AttributeError, TypeError, RecursionError):
        return value  # of another shape than its type has: no converter takes an object, so the row is set aside
    return ", ".join(found) if isinstance(found, list) else found


def _column(pages: list[dict[str, Any]], key: str, index: pd.Index) -> "pd.Series[Any]":
    return pd.Series([page.get(key) for page in pages], index=index, dtype=object)
