"""Gestta's tasks, as the report (flat dotted keys) or the search and the task page (nested) give them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from services.transformer.tidy import values
from services.transformer.tidy.rows import Tidied, assemble, parse
from shared.landing import Manifest, RawRow, flat

# field of operacional.gestta_tasks: (keys of the source, the first that a row has counts; converter)
FIELDS: dict[str, tuple[tuple[str, ...], values.Converter]] = {
    "title": (("name",), values.text),
    "type": (("type",), values.text),
    "subtype": (("subtype",), values.text),
    "source_status": (("status",), values.text),
    "department": (("company_department.name",), values.text),
    "owner": (("owner.name",), values.text),
    "concluded_by": (("concluded_by.name",), values.text),
    "client_code": (("customer.code",), values.text),
    "client": (("customer.name",), values.text),
    "client_document": (("customer.cnpj",), values.document),
    "client_active": (("customer.active",), values.boolean),
    "client_regime": (("customer.federal_regime.name",), values.text),
    "competence": (("competence_date",), values.month),
    "created_at": (("created_at",), values.moment),
    "due_date": (("_due_date", "due_date"), values.day),
    "legal_due_date": (("legal_date",), values.day),
    "completed_at": (("conclusion_date",), values.moment),
    "source_overdue": (("overdue",), values.boolean),
    "source_on_time": (("on_time",), values.boolean),
    "done_late": (("done_overdue",), values.boolean),
    "done_with_fine": (("done_fine",), values.boolean),
    "generates_fine": (("fine",), values.boolean),
    "downloaded": (("downloaded",), values.boolean),
    "notify_client": (("notify_customer",), values.boolean),
    "value": (("value",), values.number),
}
STATUS = {
    "OPEN": "open",
    "IMPEDIMENT": "blocked",
    "DONE": "done",
    "DISCONSIDERED": "set_aside",
    "IGNORED": "set_aside",
}


def part_of(scope: str) -> str:
    """Which part of a task a scope's rows are: `report` or `search` (the lookup speaks as the search does)."""
    return "report" if scope.startswith("report:") else "search"


def tidy(chunk: Sequence[RawRow], first_number: int, manifest: Manifest) -> Tidied:
    """A chunk of a Gestta batch. An unknown status is kept, shown as `open`, and named in `drift`."""
    parsed = parse(chunk, first_number)
    raw = pd.DataFrame([_flat(row) for row in parsed.objects], dtype=object)
    nothing = pd.Series(float("nan"), index=raw.index, dtype=object)
    typed: dict[str, pd.Series[Any]] = {}
    absent: dict[str, pd.Series[Any]] = {}
    wrong: dict[str, pd.Series[Any]] = {}
    for name, (keys, convert) in FIELDS.items():
        column = _first_present(raw, keys, nothing)
        absent[name] = values.is_absent(column)
        typed[name], wrong[name] = convert(column)
        wrong[name] |= _is_object(raw, keys)
    status = typed["source_status"].map(STATUS)
    unknown = typed["source_status"].notna() & status.isna()
    typed["status"] = status.where(status.notna(), "open").astype(object)
    typed["client_key"] = values.client_key(typed["client_code"])
    wrong["client_code"] |= values.is_too_long(typed["client_code"])
    absent["status"], absent["client_key"] = absent["source_status"], absent["client_code"]
    ids, wrong["id"] = values.text(_first_present(raw, ("id", "_id"), nothing))
    wrong["id"] |= values.is_too_long(ids)
    template = str(manifest.content.get("task_url") or "")
    if template:
        typed["url"] = ids.map(lambda task_id: template.replace("{id}", task_id) if task_id else None)
        absent["url"] = pd.Series(False, index=raw.index)
    drift = {f"status={word[:100]}" for word in typed["source_status"][unknown].unique()}
    return assemble(parsed, ids, pd.DataFrame(typed), pd.DataFrame(absent), wrong, drift=drift)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return flat(row) if any(isinstance(value, dict) for value in row.values()) else row


def _first_present(raw: pd.DataFrame, keys: tuple[str, ...], nothing: "pd.Series[Any]") -> "pd.Series[Any]":
    """The first of `keys` that a row has; where it has none but a parent that is null, null."""
    column = nothing
    for key in keys:
        if key in raw:
            column = column.where(~values.is_absent(column), raw[key])
        parts = key.split(".")
        for depth in range(1, len(parts)):
            parent = ".".join(parts[:depth])
            if parent in raw:
                null = raw[parent].map(lambda value: value is None)
                column = column.mask(values.is_absent(column) & null, None)
    return column


def _is_object(raw: pd.DataFrame, keys: tuple[str, ...]) -> "pd.Series[Any]":
    """True where a row has an object in the place of a value: flattening made dotted keys of it."""
    found = pd.Series(False, index=raw.index)
    for column in raw.columns:
        if column.startswith(tuple(f"{key}." for key in keys)):
            found |= ~values.is_absent(raw[column])
    return found
