"""What vanished together, and what was generated anew in its place. Decisions on rows as Gestta gives them.

An office erases a client's untouched tasks of a month of due date and generates them again: new ids, nothing that says
so. Between the two, or when the second step fails, the month is empty.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.gestta_extractor.due import office_day

GROUPS_FROM = 10
"""So few rows are asked for one by one; more are looked at for groups that vanished whole."""

GONE_LATELY = "gone_lately"
LATELY = timedelta(days=1)
"""So long after it went a task's successor is still recognised."""


def still_lately(notes: Mapping[str, tuple[str, str]], *, now: datetime) -> dict[str, tuple[str, str]]:
    """Of `{id: (likeness, when it went)}`, as the manifests carry it, what went lately enough."""
    return {
        row_id: (likeness, at) for row_id, (likeness, at) in notes.items() if now - datetime.fromisoformat(at) < LATELY
    }


def group_of(row: Mapping[str, Any]) -> str:
    """A client's month of due date; empty where the row does not say both."""
    day = office_day(_value(row, "_due_date", "due_date"))
    client = _client(row)
    return f"{client} {day:%Y-%m}" if client and day else ""


def likeness_of(row: Mapping[str, Any]) -> str:
    """Client, name and due date: what a task has in common with the one it was generated anew as."""
    day = office_day(_value(row, "_due_date", "due_date"))
    client, name = _client(row), _value(row, "name")
    return f"{client} {day} {name}" if client and name and day else ""


def whole_groups(held: Iterable[tuple[str, str]], lacking: Collection[str]) -> dict[str, str]:
    """Of the lacking ids those whose whole group lacks, with the group; `held` are (id, group) pairs."""
    gone = set(lacking)
    members: defaultdict[str, list[str]] = defaultdict(list)
    broken: set[str] = set()
    for row_id, group in held:
        if row_id in gone:
            members[group].append(row_id)
        else:
            broken.add(group)
    return {
        row_id: group
        for group, ids in members.items()
        if group and group not in broken and len(ids) > 1
        for row_id in ids
    }


def regenerated(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str]]:
    """(old id, new id) of the tasks that were generated anew: as many new ones of a likeness as old ones vanished."""
    gone, fresh = _by_likeness(old), _by_likeness(new)
    return sorted(
        pair
        for likeness, ids in gone.items()
        if len(ids) == len(fresh[likeness])
        for pair in zip(ids, fresh[likeness], strict=True)
    )


def _by_likeness(rows: Mapping[str, str]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row_id, likeness in sorted(rows.items()):
        if likeness:
            found[likeness].append(row_id)
    return found


def clients_months(pairs: Collection[tuple[str, str]], likeness: Mapping[str, str]) -> Counter[str]:
    """How many tasks were generated anew, by client and month: for the one line that tells it."""
    counted: Counter[str] = Counter()
    for old, _ in pairs:
        client, day, _name = likeness[old].split(" ", 2)
        counted[f"{client} {day[:7]}"] += 1
    return counted


def _client(row: Mapping[str, Any]) -> str:
    nested = row.get("customer")
    customer = nested if isinstance(nested, dict) else {}
    for key in ("code", "cnpj", "_id", "name"):
        value = row.get(f"customer.{key}", customer.get(key))
        if value not in (None, ""):
            return str(value).replace(" ", "_")
    return str(nested) if isinstance(nested, str) else ""


def _value(row: Mapping[str, Any], *keys: str) -> str:
    return next((value for key in keys if isinstance(value := row.get(key), str)), "")
