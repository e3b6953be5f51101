"""Gestta's tokens: JWTs that die by their own time, or because the control door says so."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from simulators.world.model import Person

# The simulated office's signature: it opens nothing outside this process.
SIGNING_KEY = "the invented office signs its tokens with this sentence"
MESSENGER = "messenger"


@dataclass(frozen=True, slots=True)
class Issued:
    token: str
    expires_at: datetime


class Tokens:
    """Issues tokens and judges them. Threads may share it."""

    def __init__(
        self, *, person: Person, office_id: str, life: timedelta, first: str, clock: Callable[[], datetime]
    ) -> None:
        self.life = life
        self._person = person
        self._office_id = office_id
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = 0
        self._serial = 0
        self._revoked: set[str] = set()
        self._first = first
        self._first_dies_at = clock() + life

    def issue(self, life: timedelta | None = None, kind: str = "core") -> Issued:
        """A token for the office's robot; `kind="messenger"` makes the browser's other one, which opens nothing."""
        now = self._clock()
        expires_at = (now + (self.life if life is None else life)).replace(microsecond=0)
        with self._lock:
            generation = self._generation
            self._serial += 1
            serial = self._serial
        claims = {
            "_id": self._person.id,
            "name": self._person.name,
            "email": self._person.email,
            "role": "COMPANY_ADMIN",
            "active": True,
            "viewer": False,
            "company_departments": [],
            "last_login": now.isoformat(),
            "company": {
                "_id": self._office_id,
                "name": "Contabilidade Faz-de-Conta",
                "status": "PRODUCTION",
                "language": "pt-BR",
                "cnpj": "00000000000191",
            },
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "kind": kind,
            "generation": generation,
            "serial": serial,
        }
        return Issued(jwt.encode(claims, SIGNING_KEY, algorithm="HS256"), expires_at)

    def expire_all(self) -> None:
        """Refuse every token issued until now."""
        with self._lock:
            self._generation += 1
            self._first = ""

    def revoke(self, token: str) -> None:
        """Refuse this one token from now on, whatever its `exp` says."""
        with self._lock:
            self._revoked.add(token.removeprefix("JWT ").strip())

    def accepts(self, authorization: str | None) -> bool:
        """Whether the header opens the API: `JWT ` and a living token of the right kind."""
        if not authorization or not authorization.startswith("JWT "):
            return False
        token = authorization.removeprefix("JWT ").strip()
        with self._lock:
            generation, first = self._generation, self._first
            if token in self._revoked:
                return False
        if first and token == first:
            return self._clock() < self._first_dies_at and self._clock().timestamp() < _own_end(first)
        try:
            claims = jwt.decode(
                token, SIGNING_KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return False
        return bool(
            claims.get("exp", 0) > self._clock().timestamp()
            and claims.get("kind") != MESSENGER
            and claims.get("generation", 0) >= generation
        )


def _own_end(token: str) -> float:
    """The `exp` of a token signed by anybody; infinite where it has none."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims.get("exp", "inf"))
