"""What is known of Gestta's keys, and in which words a batch that differs from it is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType

from services.transformer.tidy import dates, drift, values
from services.transformer.tidy.columns import Convert, Nothing, Table, Typed

MANY = 1_000
"""From so many rows on it says something that none of them has a key which most should have."""

_PERSON = frozenset({"_id", "name", "role"})
_NAMED = frozenset({"_id", "name"})
# By the key under which they lie; "" is the row itself.
KNOWN: Mapping[str, frozenset[str]] = {
    "": frozenset(
        {"id", "_id", "__v", "data", "name", "type", "subtype", "status", "value", "score", "note"}
        | {"_due_date", "due_date", "due_iso_week", "legal_date", "competence_date", "created_at", "conclusion_date"}
        | {"overdue", "on_time", "done_overdue", "done_fine", "fine", "downloaded", "notify_customer", "_forever"}
        | {"owner", "concluded_by", "created_by", "company_department", "company_task", "customer", "company"}
        | {"document_request", "documents", "company_documents", "customer_task_steps"}
    ),
    "owner": _PERSON,
    "concluded_by": _PERSON,
    "created_by": _PERSON,
    "company_department": _NAMED,
    "company_task": _NAMED | {"score"},
    "customer": _NAMED
    | {"code", "cnpj", "active", "federal_regime", "state_regime", "municipal_regime"}
    | {"monthly_payment", "monthly_day_payment", "company_groupers"},
    "customer.federal_regime": _NAMED,
    "customer.state_regime": _NAMED,
    "customer.municipal_regime": _NAMED,
    "company": _NAMED | {"status", "created_at", "created"},
    "document_request": frozenset({"_id", "requested_documents", "requested_documents_upload_date"}),
}
ALWAYS = {
    "report": ("name", "type", "status", "_due_date", "created_at"),
    "search": ("name", "type", "status", "_due_date"),
}
_OF_MOST = ("company_department.name", "owner.name", "customer.name", "customer.code")
MOSTLY = {"report": (*_OF_MOST, "subtype", "overdue", "fine", "customer.cnpj"), "search": _OF_MOST}
_SPOKEN = {str: "text", int: "number", float: "number", bool: "boolean", list: "list", dict: "object"}
_EXPECTED: Mapping[Convert, frozenset[type]] = {
    values.text: frozenset({str}),
    values.key: frozenset({str, int, float}),
    values.document: frozenset({str, int, float}),
    values.number: frozenset({int, float}),
    values.boolean: frozenset({bool}),
    dates.day: frozenset({str}),
    dates.month: frozenset({str}),
    dates.moment: frozenset({str}),
}
_NOTHING = frozenset({NoneType, Nothing})
_A_PARENT = frozenset({dict, str})  # an object, or its bare id


@dataclass(slots=True)
class Seen:
    """What the rows of a chunk have beside the columns that feed the fields."""

    unknown: set[str] = field(default_factory=set)
    parents: dict[str, frozenset[type]] = field(default_factory=dict)

    def note(self, table: Table) -> None:
        """After the columns were taken: by then it is known what lies nested."""
        self.unknown |= set(_unknown(table))
        for key, inner in table.nested.items():
            self.parents[key] = self.parents.get(key, frozenset()) | inner.kinds


def drift_of(part: str, rows: int, seen: Seen, columns: Mapping[str, tuple[Typed, Convert]]) -> set[str]:
    """`field+key` for a key that nobody knows, `field-key` for one that vanished, `type:key=kind` for another type.

    `columns` are the columns that feed the fields and their converters, by the source's key.
    """
    expected = (ALWAYS[part] if rows >= drift.FEW else ()) + (MOSTLY[part] if rows >= MANY else ())
    found = drift.appeared(seen.unknown) | drift.vanished(k for k in expected if columns[k][0].kinds == {Nothing})
    for key, (column, convert) in columns.items():
        found |= drift.retyped(key, map(_SPOKEN.__getitem__, column.kinds - _NOTHING - _EXPECTED[convert]))
    for key, kinds in seen.parents.items():
        if key in KNOWN:
            found |= drift.retyped(key, map(_SPOKEN.__getitem__, kinds - _NOTHING - _A_PARENT))
    return found


def _unknown(table: Table, path: str = "") -> Iterator[str]:
    """Keys that nobody knows, dotted or nested alike."""
    for name in table.names:
        where = path
        for part in name.split("."):
            known = part in KNOWN.get(where, ())
            where = f"{where}.{part}" if where else part
            if not known:
                yield where
                break
        else:
            inner = table.inner(name) if where in KNOWN else None
            if inner is not None and inner.table is not None:
                yield from _unknown(inner.table, where)
