"""One data source read through all its windows, complete or not at all."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Any, Protocol, TypeVar

import structlog

from services.notion_extractor.notion_api import PageSize, Read
from services.notion_extractor.walk import (
    CAP,
    Broken,
    Complete,
    Continue,
    NextWindow,
    Progress,
    Restart,
    Step,
    WalkAgain,
    Window,
    after,
)
from shared.errors import Transient
from shared.landing import iso

log = structlog.get_logger()
T = TypeVar("T")

WALKS = 3
"""So often a walk is begun in one run."""
Proof = dict[str, Any]


class Queries(Protocol):
    """The API as a walk needs it."""

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
) -> Iterator[Read]:
    """The pages of one walk. `proof` tells windows, pages and rows when the last one was given.

    Raises `WalkAgain` where it has to begin anew, `Transient` where it cannot be trusted.
    """
    window = Window(edited_since=iso(edited_since) if edited_since else None)
    windows: list[dict[str, Any]] = []
    while True:
        cursor: str | None = None
        cursors, former, progress, asked = set[str](), set[str](), Progress(), 0
        step: Step | None = None
        while step is None or isinstance(step, Continue):
            read = api.query(scope, window.body(cursor), size=size, only=only)
            results = read.body["results"]
            progress, asked = progress.with_page(results, former), asked + 1
            former = {str(row.get("id")) for row in results}
            yield read
            step = after(read.body, window=window, progress=progress, cursors=cursors, cap=cap)
            if isinstance(step, Continue):
                cursor = step.cursor
                cursors.add(cursor)
        windows.append({"since": window.since, "pages": asked, "rows": progress.rows})
        match step:
            case Restart(reason=reason):
                raise WalkAgain(reason)
            case Broken(reason=reason):
                raise Transient(f"the walk through {scope} cannot be trusted: {reason}")
            case NextWindow(window=following):
                window = following
            case Complete():
                proof |= {
                    "windows": windows,
                    "pages": sum(each["pages"] for each in windows),
                    "rows": sum(each["rows"] for each in windows),
                }
                return
