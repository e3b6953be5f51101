"""Calls to Gestta with the token that is valid now, and what is told of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.standing import UNANNOUNCED, Standing
from services.gestta_extractor.token import Token, why_refused
from shared.contracts.events import AuthFailed, AuthRecovered
from shared.errors import AuthRejected, Rejected
from shared.extraction.news import News

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
        self._standing = Standing(credentials, warning)
        self._news = news
        self._now = now

    @property
    def is_dead(self) -> bool:
        """Nothing is asked until there is another token."""
        return bool(self._standing.is_dead)

    def call(self, ask: Callable[[Token], T]) -> T:
        """What `ask` returns. Raises `AuthRejected` when no token is left that may work, `Forbidden` for this call."""
        token = self.credentials.get(self._now())
        for last_try in (False, True):
            try:
                result = ask(token)
            except Refused as refused:
                if refused.status == 403 and self._opens_anything(token):
                    raise Forbidden("Gestta forbids this one call (403): the account lacks the permission") from None
                self.credentials.refused(token, self._now(), status=refused.status)
                if last_try:
                    hint = f"dois tokens seguidos: {why_refused(token, self._now(), status=refused.status)}"
                    raise AuthRejected("gestta", refused.status, hint, expires_at=token.expires_at) from None
                token = self.credentials.get(self._now())
            else:
                self.works(token)
                return result
        raise AssertionError("unreachable")

    def works(self, token: Token) -> None:
        """This token opens Gestta. Told after trouble, after a start, and when it ends soon unrenewed."""
        for fact in self._standing.alive(token, self._now()):
            self._news.say(fact)

    def failed(self, error: AuthRejected) -> None:
        """No token is left."""
        for fact in self._standing.dead(error):
            self._news.say(fact)

    def supplied(self, by: str) -> AuthRecovered | AuthFailed | None:
        """Try the token that a person supplied: the answer, for who announced it; None where none lies there."""
        return self._standing.supplied(by, self._now())

    def takes_unannounced(self, *, patience: timedelta = UNANNOUNCED) -> bool:
        """Try a token that has been lying there for `patience`, and tell; whether it was taken."""
        fact = self._standing.unannounced(self._now(), patience=patience)
        if fact is not None:
            self._news.say(fact)
        return isinstance(fact, AuthRecovered)

    def _opens_anything(self, token: Token) -> bool:
        """A 403 may mean one forbidden endpoint: the cheapest call tells whether the token itself is dead."""
        try:
            self._api.me(token.value)
        except Refused:
            return False
        return True
