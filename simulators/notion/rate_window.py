"""The budgets of requests: so many in each fixed window, spent in any pattern."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulators.notion import errors
from simulators.notion.settings import NotionSettings


@dataclass(frozen=True, slots=True)
class Budget:
    """`allowed` requests per window of `seconds`; `reason` is what the refusal says."""

    reason: str
    allowed: int
    seconds: float


class RateWindows:
    """Counts requests per budget and window of the clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._spent: dict[str, tuple[int, int]] = {}

    def spend(self, settings: NotionSettings, *, is_query: bool) -> None:
        """Counts one request against every budget. Raises NotionError 429 where one is spent, counting none."""
        if settings.blocked:
            raise errors.blocked()
        now = self._clock()
        budgets = tuple(_budgets(settings, is_query=is_query))
        counts = {budget.reason: self._count(budget, now) for budget in budgets}
        for budget in budgets:
            window, spent = counts[budget.reason]
            if spent >= budget.allowed:
                wait = max(1, math.ceil((window + 1) * budget.seconds - now))
                raise errors.rate_limited(wait, budget.reason)
        for reason, (window, spent) in counts.items():
            self._spent[reason] = (window, spent + 1)

    def _count(self, budget: Budget, now: float) -> tuple[int, int]:
        window = int(now // budget.seconds)
        counted_in, spent = self._spent.get(budget.reason, (window, 0))
        return window, spent if counted_in == window else 0


def _budgets(settings: NotionSettings, *, is_query: bool) -> Iterator[Budget]:
    if settings.requests_per_window is not None:
        yield Budget(errors.CONNECTION, settings.requests_per_window, settings.window_seconds)
    if settings.workspace_requests_per_window is not None:
        yield Budget(errors.WORKSPACE, settings.workspace_requests_per_window, settings.workspace_window_seconds)
    if is_query and settings.queries_per_window is not None:
        yield Budget(errors.ENDPOINT, settings.queries_per_window, settings.window_seconds)
