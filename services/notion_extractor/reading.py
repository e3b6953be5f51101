"""One data source read through all its windows, complete or not at all."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Any, Protocol, TypeVar

import structlog

from services.notion_extractor.answers import Answers, nothing
from services.notion_extractor.course import Course
from services.notion_extractor.notion_api import PageSize, Read
from services.notion_extractor.walk import CAP, WalkAgain
from services.notion_extractor.walker import Newest, Walker
from shared.errors import Transient
from shared.landing import iso

log = structlog.get_logger()
T = TypeVar("T")

WALKS = 3
"""So often a walk is begun in one run."""
Proof = dict[str, Any]


class Queries(Protocol):
    """The API as a walk needs it; threads share it."""

    @property
    def gap(self) -> float: ...
    def query(
        self, data_source_id: str, body: dict[str, Any], *, size: PageSize, only: tuple[str, ...] = ()
    ) -> Read: ...


def walked(scope: str, size: PageSize, once: Callable[[int], T]) -> T:
    """`once` with the number of the walk, begun anew where its cursors led nowhere.

    A walk that ended since its pages had to shrink does not count: its cursors may be bound to their page size. Raises
    `Transient` after three others.
    """
    left = WALKS
    for walk in count(1):
        began_with = size.rows
        try:
            return once(walk)
        except WalkAgain as error:
            log.info("walking again from the beginning", scope=scope, walk=walk, reason=str(error))
            left -= size.rows == began_with
            if not left:
                raise Transient(f"{scope} could not be walked to its end in {WALKS} walks: {error}") from None
    raise AssertionError("unreachable")


def pages(
    api: Queries,
    scope: str,
    proof: Proof,
    *,
    size: PageSize,
    edited_since: datetime | None = None,
    only: tuple[str, ...] = (),
    cap: int = CAP,
    meanwhile: Callable[[], None] = nothing,
) -> Iterator[Read]:
    """The pages of one walk. `proof` tells windows, pages and rows when the last one was given.

    The next pages are on their way while one is being used; while they are waited for, `meanwhile` is called. Raises
    `WalkAgain` where the walk has to begin anew, `Transient` where it cannot be trusted; what is under way then is not
    waited for.
    """
    course = Course(gap=api.gap, edited_since=iso(edited_since) if edited_since else None, cap=cap)

    def ask(walker: Walker | Newest) -> Read | None:
        if isinstance(walker, Walker):
            return api.query(scope, walker.body, size=size, only=only)
        try:
            # In a size of its own: it is one row, and to shrink the walk's pages may end the walk's cursors.
            return api.query(scope, walker.body, size=PageSize(), only=only)
        except Transient as error:
            log.info("nobody knows the newest row, so nothing is shared", scope=scope, reason=str(error))
            return None

    answers = Answers[Walker | Newest, Read | None](ask, meanwhile)
    read: Read | None = None
    while True:
        for walker in course.due():
            answers.ask(walker)
        if read is not None:
            yield read
        if course.is_over:
            proof |= course.proof()
            return
        walker, read = answers.next()
        if read is None:
            continue
        course.took(walker, read.body, at=min(read.read_at, read.server_time or read.read_at), seconds=read.seconds)
