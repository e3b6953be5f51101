"""The values the world is made of. All are immutable: a change is another value in its place."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

OPEN, DONE, IMPEDIMENT, DISCONSIDERED = "OPEN", "DONE", "IMPEDIMENT", "DISCONSIDERED"
LIVE = (OPEN, IMPEDIMENT)

GENERATES_FINE, DOWNLOADED, NOTIFIES, FOREVER = 1, 2, 4, 8
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    email: str
    role: str
    department: int


@dataclass(frozen=True, slots=True)
class Client:
    """A client as Gestta knows it. `code` is what lies in the JSON: text, number, or nothing."""

    id: str
    name: str
    code: str | int | None
    document: str
    regime: str | None
    state_regime: str | None
    municipal_regime: str | None
    active: bool
    monthly_payment: float | None
    payment_day: int | None


class Task(NamedTuple):
    """One Gestta task; a tuple because 200,000 of them must be made in seconds and held in a few hundred bytes.

    `client` and `owner` are positions in the world's lists; moments are epoch seconds, 0 for never.
    """

    id: str
    title: str
    client: int
    type: str
    subtype: str
    status: str
    department: int
    owner: int
    due: date
    legal: date | None
    competence: date | None
    created: int
    concluded: int
    concluded_by: int
    flags: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the office's register of clients in Notion."""

    key: int
    code: str
    trade_name: str
    since: date | None
    state: str | None
    manager: str | None
    trashed: bool = False


def client_key(code: str | int | None) -> str | None:
    """A client's code as both systems are joined by it: blanks and leading zeros count for nothing."""
    if code is None:
        return None
    return "".join(str(code).split()).lstrip("0") or None
