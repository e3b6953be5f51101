"""Notion's token: a supplied one that worked, else NOTION_TOKEN; refused ones are not sent again."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from shared.errors import AuthRejected
from shared.extraction.supplied import SuppliedTokens

UNANNOUNCED = timedelta(seconds=10)


class Api(Protocol):
    """What tells whether a token works."""

    def me(self) -> object: ...


A = TypeVar("A", bound=Api)


class Credentials(Generic[A]):
    """Makes the API with the token that is valid now. Refused tokens are remembered, by a digest, while the process
    lives."""

    def __init__(
        self,
        supplied: SuppliedTokens,
        from_settings: Callable[[], str | None],
        make: Callable[[str], A],
    ) -> None:
        self._supplied = supplied
        self._from_settings = from_settings
        self._make = make
        self._api: tuple[str, A] | None = None
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def api(self) -> A:
        """Raises `AuthRejected` where no token is left; a bad one is found out by the first call."""
        with self._lock:
            token = next(self._usable(), None)
            if token is None:
                why = "every token there is was refused" if self._refused else "there is no token"
                raise AuthRejected("notion", 401, f"{why}: set NOTION_TOKEN or `console token set notion`")
            if self._api is None or self._api[0] != token:
                # Kept from run to run: the pace is the connection's, not the run's.
                self._api = (token, self._make(token))
            return self._api[1]

    def refused(self) -> None:
        """The token in use was refused."""
        with self._lock:
            if self._api is None:
                return
            token, self._api = self._api[0], None
            self._refused.add(_digest(token))
            if self._supplied.good() == token:
                self._supplied.forget()

    def has_news(self) -> bool:
        """Whether there is a token that was not refused yet."""
        with self._lock:
            return next(self._usable(), None) is not None

    def took_supplied_since(self, moment: datetime) -> bool:
        """Whether a token that was supplied then or later works."""
        return self._supplied.was_taken_since(moment)

    def has_unannounced(self, now: datetime) -> bool:
        """Whether a supplied token has been lying there so long that its fact was perhaps never said."""
        since = self._supplied.waits_since()
        return since is not None and now - since >= UNANNOUNCED

    def try_supplied(self) -> bool:
        """Try a newly supplied token before it replaces one that works; False where none lies there.

        Raises `AuthRejected` where it does not work (it is deleted, the old one stays), `Transient` if Notion is away.
        """
        with self._lock:
            token = self._supplied.new()
            if token is None:
                return False
            if _digest(token) in self._refused:
                self._supplied.refuse()
                raise AuthRejected("notion", 401, "this token was refused before")
            api = self._make(token)
            try:
                api.me()
            except AuthRejected:
                self._refused.add(_digest(token))
                self._supplied.refuse()
                raise
            self._supplied.accept()
            self._api = (token, api)
            return True

    def _usable(self) -> Iterator[str]:
        for token in (self._supplied.good(), self._from_settings()):
            if token is not None and _digest(token) not in self._refused:
                yield token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
