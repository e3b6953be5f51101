"""The shapes a report's row has been seen in, made from its flat one."""

from typing import Any

PARENTS = (
    "owner",
    "concluded_by",
    "company_department",
    "customer",
    "customer.federal_regime",
    "customer.state_regime",
    "customer.municipal_regime",
    "company",
    "company_task",
    "document_request",
)


def shaped(row: dict[str, Any], shape: str) -> dict[str, Any]:
    """The row as `nested`, with `null_parents`, or `mixed`: one of the three shapes by its id."""
    if shape == "mixed":
        shape = ("flat", "nested", "null_parents")[int(row["id"][-2:], 16) % 3]
    if shape == "nested":
        return nested(row)
    return with_null_parents(row) if shape == "null_parents" else row


def nested(row: dict[str, Any]) -> dict[str, Any]:
    """Objects in place of dotted keys."""
    whole: dict[str, Any] = {}
    for key, value in row.items():
        *parents, name = key.split(".")
        place = whole
        for parent in parents:
            inner = place.get(parent)
            if not isinstance(inner, dict):
                inner = place[parent] = {}
            place = inner
        if not (value is None and isinstance(place.get(name), dict)):
            place[name] = value
    return whole


def with_null_parents(row: dict[str, Any]) -> dict[str, Any]:
    """A null parent beside its dotted children, and instead of them where there are none."""
    return row | {parent: None for parent in PARENTS if parent not in row}
