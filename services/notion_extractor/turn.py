"""Which sources are read whole in a run, and which only by what was edited. A decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.vocabulary import BatchKind

OVERLAP = timedelta(minutes=2)
"""Reads are consistent only after a while, and stamps are floored to their minute."""


@dataclass(frozen=True, slots=True)
class LastFull:
    """What the last whole read of a source tells of the next one."""

    batch_ref: str
    started: datetime
    pages: int
    """Requests that its rows took: pages may have had to be small, and minutes to be parted."""
    cut_requests: int
    """Requests that completing its cut cells took, or would have taken."""

    @property
    def requests(self) -> int:
        """What reading it whole again costs."""
        return self.pages + self.cut_requests


def turns(
    sources: Mapping[str, LastFull | None],
    *,
    requests_per_minute: float,
    every: timedelta,
    full_every: timedelta,
    now: datetime,
) -> dict[str, BatchKind]:
    """For each source (its last whole read) `full` or `increment`.

    Whole is what fits together into half of `every`, the cheapest first; a source that was never read whole, or would
    by the next run not have been for `full_every`, is read whole in any case.
    """
    left = every / 2
    found: dict[str, BatchKind] = {}

    def cost(last: LastFull | None) -> timedelta:
        return timedelta(minutes=last.requests / requests_per_minute) if last else timedelta(0)

    def is_due(last: LastFull | None) -> bool:
        return last is None or now + every - last.started > full_every

    for scope, last in sorted(sources.items(), key=lambda item: (not is_due(item[1]), cost(item[1]), item[0])):
        is_full = is_due(last) or cost(last) <= left
        found[scope] = "full" if is_full else "increment"
        if is_full:
            left -= cost(last)
    return found


def edited_since(last_started: datetime) -> datetime:
    """From where an increment reads: the minute in which the last successful read began, less the overlap.

    Stamps are floored to the minute and compared exactly, so any later second would miss rows edited in that minute.
    """
    return last_started.replace(second=0, microsecond=0) - OVERLAP
