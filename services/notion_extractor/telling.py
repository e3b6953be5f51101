"""What is said of a run beside its batches: each trouble once, and once that it is over."""

from collections.abc import Collection
from enum import Enum

import structlog

from shared.contracts.events import AuthFailed, AuthRecovered, Fact, SchemaDrifted
from shared.errors import AuthRejected
from shared.extraction.news import News
from shared.log import clean

log = structlog.get_logger()


class Access(Enum):
    """What Notion thinks of our token."""

    UNKNOWN = "unknown"
    GOOD = "good"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    """It is valid, but lacks a capability: it is worth trying again, since a person mends that at Notion's."""


class Teller:
    """The news of the scopes in words that may leave the process, and beside them the token."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._ignored: set[str] = set()
        self.access = Access.UNKNOWN

    @property
    def is_all_well(self) -> bool:
        """Whether nothing that was said is still wrong."""
        return self.access is Access.GOOD and self._news.nothing_failed

    def failed(self, scope: str, reason: str) -> None:
        """A scope could not be read."""
        self._news.failed(scope, _sayable(reason))

    def recovered(self, scope: str) -> None:
        """A scope was read."""
        self._news.recovered(scope)

    def answered(self, answer: Fact) -> None:
        """What became of a token that nobody announced."""
        self._news.say(answer)

    def ignored(self, tables: set[str]) -> None:
        """These tables of NOTION_MAPPING are nobody's: each is said once while it is so."""
        for table in sorted(tables - self._ignored):
            reason = (
                f"NOTION_MAPPING: {table} is neither in NOTION_SOURCES nor a data source found there: it is ignored"
            )
            self._news.say(drifted(table, reason, (table,)))
        self._ignored = tables

    def left(self, scopes: set[str]) -> None:
        """Only these are still read."""
        self._news.left(scopes)

    def known(self) -> None:
        """Notion knows the token."""
        if self.access in (Access.UNKNOWN, Access.REFUSED):
            self._granted()

    def allowed(self) -> None:
        """Notion let us read."""
        if self.access is Access.FORBIDDEN:
            self._granted()

    def refused(self, error: AuthRejected) -> None:
        """Notion refused the token, or what we asked with it."""
        access = Access.FORBIDDEN if error.status == 403 else Access.REFUSED
        if self.access is not access:
            log.warning("Notion refused the token", status=error.status, hint=error.hint)
            self._news.say(AuthFailed(system="notion", status=error.status, hint=_sayable(error.hint)))
        self.access = access

    def _granted(self) -> None:
        self._news.say(AuthRecovered(system="notion"))
        self.access = Access.GOOD


def drifted(scope: str, reason: str, names: Collection[str]) -> SchemaDrifted:
    """A source is not what it was: to be said with the batch that shows it so."""
    log.warning("a source changed", scope=scope, reason=reason, names=names)
    shown = tuple(_sayable(name) for name in names)
    return SchemaDrifted(system="notion", scope=scope, reason=_sayable(reason), fields=shown)


def _sayable(text: str) -> str:
    """Words of another system as they may leave the process."""
    return clean(text).encode("utf-8", "backslashreplace").decode()[:1000]
