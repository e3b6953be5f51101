"""What an extractor tells of its scopes: each trouble once, and its end once."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import structlog

from shared.contracts.envelope import first
from shared.contracts.events import Fact, SourceFailed, SourceRecovered
from shared.contracts.vocabulary import System
from shared.extraction.announce import Announcer

log = structlog.get_logger()


class News:
    """Remembers what failed, for the time of the process: the first success after a start also says recovered."""

    def __init__(self, announcer: Announcer, system: System, *, source: str, now: Callable[[], datetime]) -> None:
        self._announcer = announcer
        self._system = system
        self._source = source
        self._now = now
        self._failing: dict[str, bool] = {}

    @property
    def nothing_failed(self) -> bool:
        """Whether each scope's last read was complete."""
        return not any(self._failing.values())

    def failed(self, scope: str, reason: str) -> None:
        """A scope could not be read."""
        log.warning("a scope could not be read, the last good data stays", scope=scope, reason=reason)
        if not self._failing.get(scope):
            self.say(SourceFailed(system=self._system, scope=scope, reason=reason))
        self._failing[scope] = True

    def recovered(self, scope: str) -> None:
        """A scope was read whole."""
        if self._failing.get(scope) is not False:
            self.say(SourceRecovered(system=self._system, scope=scope))
        self._failing[scope] = False

    def left(self, scopes: set[str]) -> None:
        """Only these scopes are still read: the trouble of any other is over with it."""
        for scope in [s for s, failing in self._failing.items() if failing and s not in scopes]:
            self.recovered(scope)

    def say(self, fact: Fact) -> None:
        """Anything else."""
        self._announcer.note(first(fact, source=self._source, time=self._now(), event_id=str(uuid4())))
