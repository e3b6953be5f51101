"""When to refresh: the two rules of guarantee 5. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STALE = timedelta(hours=1)
"""A panel not refreshed for so long is refreshed also for a load that changed nothing: its time says it lives."""


@dataclass(frozen=True, slots=True)
class NothingPending:
    """No load asks for a refresh."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Loads wait; the gap ends then."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class RefreshNow:
    """One refresh answers this many loads."""

    covers: int


def decide(
    *, now: datetime, last_started: datetime | None, pending: int, gap: timedelta
) -> RefreshNow | WaitUntil | NothingPending:
    """Coalesce every load that waits into at most one refresh per `gap`.

    The gap counts from the start of the last refresh, failed or not, so that a portal in trouble is not hammered.
    """
    if pending == 0:
        return NothingPending()
    if last_started is None or now - last_started >= gap:
        return RefreshNow(covers=pending)
    return WaitUntil(last_started + gap)


def asks(*, changed: int, replay: bool, ordered: bool, now: datetime, last_refreshed: datetime | None) -> bool:
    """Whether a load asks for a refresh at all; `last_refreshed` is the start of the last one that succeeded.

    A replay asks only when a person ordered it; any other load when it changed rows, or when the panel is stale.
    """
    if replay:
        return ordered
    return changed > 0 or last_refreshed is None or now - last_refreshed > STALE
