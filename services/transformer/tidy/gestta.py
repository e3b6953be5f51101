"""Gestta's tasks, as the report (flat dotted keys) or the search and the task page (nested) give them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.transformer.tidy import dates, drift, values
from services.transformer.tidy.columns import Convert, Raw, Table, typed
from services.transformer.tidy.gestta_schema import Seen, drift_of
from services.transformer.tidy.rows import Parsed, Tidied, assemble, parse
from shared.landing import Manifest, RawRow

# field of operacional.gestta_tasks: (keys of the source, the first that has a value counts; converter)
FIELDS: Mapping[str, tuple[tuple[str, ...], Convert]] = {
    "title": (("name",), values.text),
    "type": (("type",), values.text),
    "subtype": (("subtype",), values.text),
    "source_status": (("status",), values.text),
    "department": (("company_department.name",), values.text),
    "owner": (("owner.name",), values.text),
    "concluded_by": (("concluded_by.name",), values.text),
    "client_code": (("customer.code",), values.key),
    "client": (("customer.name",), values.text),
    "client_document": (("customer.cnpj",), values.document),
    "client_active": (("customer.active",), values.boolean),
    "client_regime": (("customer.federal_regime.name",), values.text),
    "competence": (("competence_date",), dates.month),
    "created_at": (("created_at",), dates.moment),
    "due_date": (("_due_date", "due_date"), dates.day),
    "legal_due_date": (("legal_date",), dates.day),
    "completed_at": (("conclusion_date",), dates.moment),
    "source_overdue": (("overdue",), values.boolean),
    "source_on_time": (("on_time",), values.boolean),
    "done_late": (("done_overdue",), values.boolean),
    "done_with_fine": (("done_fine",), values.boolean),
    "generates_fine": (("fine",), values.boolean),
    "downloaded": (("downloaded",), values.boolean),
    "notify_client": (("notify_customer",), values.boolean),
    "value": (("value",), values.number),
}
KEYS = {"id": ("id", "_id")} | {name: keys for name, (keys, _) in FIELDS.items()}
REPORT_ONLY = frozenset({"created_at"})
"""The task's page has it and the search's list has not: taken from both, it would come and go with each read."""
STATUS = {
    "OPEN": "open",
    "IMPEDIMENT": "blocked",
    "DONE": "done",
    "DISCONSIDERED": "set_aside",
    "IGNORED": "set_aside",
}
DAYS = ("due_date", "legal_due_date", "competence")


def part_of(scope: str) -> str:
    """Which part of a task a scope's rows are: `report` or `search` (the lookup speaks as the search does)."""
    return "report" if scope.startswith("report:") else "search"


def tidy(chunk: Sequence[RawRow], first_number: int, manifest: Manifest) -> Tidied:
    """A chunk of a Gestta batch. An unknown status is kept, shown as `open`, and named in `drift`."""
    part = part_of(manifest.scope)
    parsed, seen = Parsed(), Seen()
    raw: dict[str, Raw] = {name: [] for name in KEYS}
    for objects in parse(chunk, first_number, parsed):
        table = Table(objects)
        if "data" in table.names:
            table = Table([_unwrapped(row) for row in objects])
        for name, keys in KEYS.items():
            raw[name] += table.column(*keys)
        seen.note(table)
    ids = typed(raw["id"], values.key)
    fields = {name: typed(raw[name], convert) for name, (_, convert) in FIELDS.items()}
    found = drift_of(part, len(ids.codes), seen, {KEYS[name][0]: (fields[name], FIELDS[name][1]) for name in FIELDS})
    found |= drift.unknown_statuses(fields["source_status"].values, STATUS)
    fields["status"] = fields["source_status"].then(lambda words: [STATUS.get(w, "open") for w in words], null="open")
    fields["client_key"] = fields["client_code"].then(values.client_key)
    template = str(manifest.content.get("task_url") or "")
    if template:
        around = template.split("{id}")
        fields["url"] = ids.then(lambda known: [task_id.join(around) for task_id in known])
    if part != "report":
        fields = {name: column for name, column in fields.items() if name not in REPORT_ONLY}
    return assemble(parsed, ids, fields, drift=found, counts=_bare_dates([raw[name] for name in DAYS]))


def _unwrapped(row: dict[str, Any]) -> dict[str, Any]:
    """The task's page may come wrapped in `data`."""
    inner = row.get("data")
    return inner if isinstance(inner, dict) and "id" not in row and "_id" not in row else row


def _bare_dates(columns: list[Raw]) -> dict[str, int]:
    """How many rows have a date that lies in UTC without having been moved there."""
    flags = [typed(column, lambda distinct: [_is_bare(value) for value in distinct]).rows() for column in columns]
    count = int(np.count_nonzero(np.logical_or.reduce(np.array(flags, dtype=bool))))
    return {"bare_dates": count} if count else {}


def _is_bare(value: Any) -> bool:
    return isinstance(value, str) and value.endswith(dates.BARE)
