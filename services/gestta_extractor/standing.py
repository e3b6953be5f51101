"""How the credential stands, and what is said of it: a death, a recovery, a warning, each once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.token import Token
from shared.contracts.events import AuthExpiring, AuthFailed, AuthRecovered, Fact, SchemaDrifted
from shared.errors import AuthRejected, Transient

log = structlog.get_logger()

NOBODY_RENEWS = "ninguém renova este token automaticamente: forneça um novo com `console token set gestta`"
UNANNOUNCED = timedelta(seconds=10)
"""A supplied token that lies there so long is tried although no fact came: the road may have been closed."""
RESTS = timedelta(seconds=30)


@dataclass(slots=True)
class Standing:
    """Remembers what was said. The first success after a start says recovered."""

    credentials: Credentials
    warning: timedelta
    is_dead: bool | None = field(default=None, init=False)
    _warned: datetime | None = field(default=None, init=False)
    _rests_until: datetime | None = field(default=None, init=False)

    def supplied(self, by: str, now: datetime) -> AuthRecovered | AuthFailed | None:
        """Try the token that lies there; None where there is none. Raises `Transient`."""
        try:
            token = self.credentials.try_supplied(now)
        except AuthRejected as error:
            return _failed(error, still_working=self.credentials.still_working(now))
        if token is None:
            return None
        self.is_dead = False
        return AuthRecovered(system="gestta", hint=f"token fornecido por {by}", expires_at=token.expires_at)

    def unannounced(self, now: datetime, *, patience: timedelta = UNANNOUNCED) -> AuthRecovered | AuthFailed | None:
        """Try a token that lies there for longer than `patience`; None where there is none, or Gestta is away."""
        since = self.credentials.waits_since()
        if since is None or now - since < patience or (self._rests_until is not None and now < self._rests_until):
            return None
        try:
            fact = self.supplied("TOKENS_DIR", now)
        except Transient as error:
            self._rests_until = now + RESTS
            log.info("a supplied token could not be tried yet", reason=str(error))
            return None
        if isinstance(fact, AuthFailed):
            # Nobody waits for the answer, and while the old one goes on it is no incident.
            log.warning("a supplied token was refused and is deleted, the old one stays", hint=fact.hint)
        return fact

    def alive(self, token: Token, now: datetime) -> Iterator[Fact]:
        """`token` was taken."""
        is_another = self._warned is not None and self._warned != token.expires_at
        if self.is_dead is not False or is_another:
            yield AuthRecovered(system="gestta", expires_at=token.expires_at)
        self.is_dead = False
        self._warned = None if is_another else self._warned
        if warning := self.credentials.take_warning():
            yield SchemaDrifted(system="gestta", scope="token", reason=warning, fields=("company._id",))
        if self.credentials.renews_itself or token.expires_at is None or self._warned == token.expires_at:
            return
        if token.is_near_end(now, self.warning):
            self._warned = token.expires_at
            yield AuthExpiring(system="gestta", hint=NOBODY_RENEWS, expires_at=token.expires_at)

    def dead(self, error: AuthRejected) -> Iterator[Fact]:
        """No token is left that works."""
        if not self.is_dead:
            log.warning("Gestta refused the token, nothing is asked until there is another", reason=error.hint)
            yield _failed(error, still_working=False)
        self.is_dead = True


def _failed(error: AuthRejected, *, still_working: bool) -> AuthFailed:
    return AuthFailed(
        system="gestta",
        status=error.status,
        hint=error.hint,
        expires_at=error.expires_at,
        still_working=still_working,
        evidence=error.evidence,
    )
