"""Calls to Gestta with the token that is valid now, and what is told of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.token import Token
from shared.contracts.events import AuthExpiring, AuthFailed, AuthRecovered
from shared.errors import AuthRejected, Rejected
from shared.extraction.news import News

log = structlog.get_logger()
T = TypeVar("T")


class Me(Protocol):
    """The cheapest call that a token opens."""

    def me(self, token: str) -> object: ...


class Forbidden(Rejected):
    """403 for one call, while the token opens others."""


class Access:
    """Tries a call again once with another token, and tells when there is none and when there is one again."""

    def __init__(
        self, api: Me, credentials: Credentials, news: News, *, now: Callable[[], datetime], warning: timedelta
    ) -> None:
        self._api = api
        self.credentials = credentials
        self._news = news
        self._now = now
        self._warning = warning
        self._warned: datetime | None = None
        self._dead: bool | None = None

    @property
    def is_dead(self) -> bool:
        """Nothing is asked until there is another token."""
        return bool(self._dead)

    def call(self, ask: Callable[[Token], T]) -> T:
        """What `ask` returns. Raises `AuthRejected` when no token is left that may work, `Forbidden` for this call."""
        token = self.credentials.get(self._now())
        for last_try in (False, True):
            try:
                result = ask(token)
            except Refused as refused:
                if refused.status == 403 and self._opens_anything(token):
                    raise Forbidden("Gestta forbids this one call (403): the account lacks the permission") from None
                self.credentials.refused(token, self._now())
                if last_try:
                    raise AuthRejected(
                        "gestta", refused.status, "two tokens were refused", expires_at=token.expires_at
                    ) from None
                token = self.credentials.get(self._now())
            else:
                self.works(token)
                return result
        raise AssertionError("unreachable")

    def works(self, token: Token) -> None:
        """This token opens Gestta. Told after trouble, after a start, and when it ends soon unrenewed."""
        if self._dead is not False:
            self._news.say(AuthRecovered(system="gestta", expires_at=token.expires_at))
        self._dead = False
        if self.credentials.renews_itself or token.expires_at is None or self._warned == token.expires_at:
            return
        if token.is_near_end(self._now(), self._warning):
            self._warned = token.expires_at
            hint = "nobody renews this token automatically: give a new one with `console token set gestta`"
            self._news.say(AuthExpiring(system="gestta", hint=hint, expires_at=token.expires_at))

    def supplied(self) -> None:
        """A token that a person supplied works: whoever answers the supply tells it."""
        self._dead = False

    def failed(self, error: AuthRejected) -> None:
        """No token is left."""
        if not self._dead:
            log.warning("Gestta refused the token, nothing is asked until there is another", hint=error.hint)
            self._news.say(
                AuthFailed(system="gestta", status=error.status, hint=error.hint, expires_at=error.expires_at)
            )
        self._dead = True

    def _opens_anything(self, token: Token) -> bool:
        """A 403 may mean one forbidden endpoint: the cheapest call tells whether the token itself is dead."""
        try:
            self._api.me(token.value)
        except Refused:
            return False
        return True
