"""Sessions behind the cursors of queries and searches: what a cursor is bound to, and how far its walk has come."""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.notion.errors import invalid_cursor
from simulators.notion.ids import Ids
from simulators.notion.model import Page

KEPT_SESSIONS = 500


@dataclass(slots=True)
class Session:
    """One walk. `resume` keeps, for each row that a cursor names, the place to go on from and the rows before it."""

    id: str
    bound_to: str
    expires: float | None
    resume: dict[str, tuple[Any, int]] = field(default_factory=dict)
    ordered: list[Page] | None = None
    ordered_at: int = -1
    pages_served: int = 0


class Sessions:
    """The live sessions; the oldest give way to new ones."""

    def __init__(self, ids: Ids, clock: Callable[[], float]) -> None:
        self._ids = ids
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, bound_to: Any, ttl: float | None) -> Session:
        """A new walk, bound to what it asks for."""
        expires = None if ttl is None else self._clock() + ttl
        session = Session(self._ids.uuid("session"), _print(bound_to), expires)
        self._sessions[session.id] = session
        if len(self._sessions) > KEPT_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def resume(self, cursor: str, bound_to: Any) -> tuple[Session, Any, int]:
        """The walk that a cursor belongs to, its place and the rows served before.

        Raises NotionError 400 for a cursor that is unknown, expired or of another filter, sort, page size or source.
        """
        kind, _, rest = cursor.partition(":")
        session_id, _, row_id = rest.partition(":")
        session = self._sessions.get(session_id) if kind == "s" else None
        if session is None or session.bound_to != _print(bound_to) or row_id not in session.resume:
            raise invalid_cursor(cursor)
        if session.expires is not None and self._clock() >= session.expires:
            raise invalid_cursor(cursor)
        place, served = session.resume[row_id]
        return session, place, served

    def expire_all(self) -> None:
        """No cursor given out so far is good any more."""
        self._sessions.clear()


def cursor_of(session: Session, row_id: str, place: Any, served: int) -> str:
    """The cursor that goes on with this row: Notion's own form names the first row of the next page."""
    session.resume[row_id] = (place, served)
    return f"s:{session.id}:{row_id}"


def _print(bound_to: Any) -> str:
    return json.dumps(bound_to, sort_keys=True)
