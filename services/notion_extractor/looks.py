"""Which sources a query is to look through for what webhooks told, and when again after a failure. Decisions."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import Transient

AGAIN = timedelta(minutes=1)
LONGEST = timedelta(days=1)
"""Whatever a header asks for: a run comes sooner, and obeys it as well."""


@dataclass(slots=True)
class Looks:
    """Each source waits until a look, or a run that began later, has read it."""

    _waiting: dict[str, datetime | None] = field(default_factory=dict)
    """And before when not, where a look failed."""

    def told(self, scopes: Collection[str]) -> None:
        """These are to be looked through; one that failed just now is not asked sooner for it."""
        for scope in scopes:
            self._waiting.setdefault(scope, None)

    def due(self, now: datetime) -> set[str]:
        """Those whose time has come."""
        return {scope for scope, begin in self._waiting.items() if begin is None or begin <= now}

    def read(self, scope: str) -> None:
        """It was read."""
        self._waiting.pop(scope, None)

    def failed(self, scopes: Collection[str], error: Exception | None, now: datetime) -> None:
        """They could not be read. What asking again would not mend is left to the next run."""
        for scope in self._waiting.keys() & scopes:
            if isinstance(error, Transient):
                asked = timedelta(seconds=min(error.retry_after or 0, LONGEST.total_seconds()))
                self._waiting[scope] = now + max(AGAIN, asked)
            else:
                del self._waiting[scope]
