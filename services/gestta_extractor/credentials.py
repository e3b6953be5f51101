"""Which token to use, in order: a login, else a supplied one, else GESTTA_TOKEN; each tried once until it changes."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.gestta_extractor import token as tokens
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.token import Token
from shared.errors import AuthRejected, Transient
from shared.extraction.supplied import SuppliedTokens

log = structlog.get_logger()

RENEW_BEFORE = timedelta(minutes=10)


class Login(Protocol):
    """What the credentials need of the API."""

    def login(self, email: str, password: str) -> str: ...
    def me(self, token: str) -> object: ...


class Credentials:
    """The token in use, and where the next one comes from.

    A refused token is remembered (by a digest) and never sent again; a refused password is not tried again until the
    process starts anew, since a login that fails in a loop locks the account.
    """

    def __init__(
        self,
        api: Login,
        supplied: SuppliedTokens,
        *,
        email: str | None,
        password: str | None,
        from_settings: Callable[[], str | None],
    ) -> None:
        self._api = api
        self._supplied = supplied
        self._email = email
        self._password = password
        self._from_settings = from_settings
        self._current: Token | None = None
        self._refused: dict[str, str] = {}
        self._login_refused = False

    @property
    def renews_itself(self) -> bool:
        """Whether nobody has to bring tokens."""
        return bool(self._email and self._password) and not self._login_refused

    def get(self, now: datetime) -> Token:
        """A token that may work. Raises `AuthRejected` where none is left, with what to do."""
        current = self._current
        if current is not None and not current.is_expired(now):
            ends = current.expires_at
            if not (self.renews_itself and ends is not None and ends - now <= RENEW_BEFORE):
                return current
        alive = current if current is not None and not current.is_expired(now) else None
        try:
            self._current = self._login(now) or self._given(now) or alive
        except Transient:
            if alive is None:
                raise
            return alive  # renewed by the next call: until its end it works
        if self._current is None:
            raise AuthRejected(
                "gestta", 401, self._hint(current, now), expires_at=current.expires_at if current else None
            )
        return self._current

    def refused(self, token: Token, now: datetime) -> None:
        """This one was refused."""
        self._refused[_digest(token.value)] = tokens.why_refused(token, now)
        if self._current == token:
            self._current = None
        good = self._supplied.good()
        if good is not None and tokens.read(good) == token:
            self._supplied.forget()

    def try_supplied(self, now: datetime) -> Token | None:
        """Try the newly supplied token, if there is one, before it replaces one that works.

        Raises `AuthRejected` with the reason when it does not work (the old one stays), `Transient` if Gestta is away.
        """
        text = self._supplied.new()
        if text is None:
            return None
        token = tokens.read(text)
        if token.is_expired(now) or _digest(token.value) in self._refused:
            self._supplied.refuse()
            raise AuthRejected("gestta", 401, tokens.why_refused(token, now), expires_at=token.expires_at)
        try:
            self._api.me(token.value)
        except Refused as refused:
            self._refused[_digest(token.value)] = tokens.why_refused(token, now)
            self._supplied.refuse()
            hint = tokens.why_refused(token, now)
            raise AuthRejected("gestta", refused.status, hint, expires_at=token.expires_at) from None
        self._supplied.accept()
        self._current = token
        return token

    def has_news(self, now: datetime) -> bool:
        """Whether a token lies there that was not refused yet: looked at while everything else is dead."""
        return self._supplied.new() is not None or self._given(now) is not None

    def still_working(self, now: datetime) -> bool:
        """Whether the token in use goes on."""
        return self._current is not None and not self._current.is_expired(now)

    def _login(self, now: datetime) -> Token | None:
        if not self._email or not self._password or self._login_refused:
            return None
        try:
            token = tokens.read(self._api.login(self._email, self._password))
        except Refused as refused:
            self._login_refused = True
            log.warning("Gestta refused the login, it is not tried again", status=refused.status)
            return None
        return None if _digest(token.value) in self._refused or token.is_expired(now) else token

    def _given(self, now: datetime) -> Token | None:
        for text in (self._supplied.good(), self._from_settings()):
            if text is None:
                continue
            token = tokens.read(text)
            if _digest(token.value) not in self._refused and not token.is_expired(now):
                return token
        return None

    def _hint(self, last: Token | None, now: datetime) -> str:
        if self._login_refused:
            return "GESTTA_EMAIL and GESTTA_PASSWORD are refused: check the password, a second factor, the permissions"
        if last is not None:
            return tokens.why_refused(last, now)
        for text in (self._supplied.good(), self._from_settings()):
            if text is not None:
                token = tokens.read(text)
                return self._refused.get(_digest(token.value)) or tokens.why_refused(token, now)
        return "there is no token: give one with `console token set gestta`, or set GESTTA_EMAIL and GESTTA_PASSWORD"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
