"""What the extractor remembers of credentials over a restart: one file beside the tokens, for its eyes alone.

Deleting the file makes it forget. Where it cannot be written the memory lasts as long as the process.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

log = structlog.get_logger()

REMEMBERED = 200
"""Refused tokens, the newest."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A login that was refused, and is not tried again."""

    hint: str
    status: int
    until: datetime | None
    """None: until other credentials are set, or the doctor found them good."""
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is remembered."""

    login: str = ""
    """The token of the last login: a restart, and each `--once`, need not log in again."""
    logged_in_at: datetime | None = None
    account: str = ""
    """Of which e-mail and password it is, and the refusal: a salted hash."""
    closed: Closed | None = None
    refused: Mapping[str, datetime] = field(default_factory=dict)
    """Digest of each refused token, and when it was refused."""
    office: str = ""
    """The id of the office whose token was used last."""


_FORMAT = TypeAdapter(State)


class Kept:
    """The file. Other processes (the doctor, `--once`) may change it at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = State()
        self._version: int | None = None

    def state(self) -> State:
        """What is remembered now."""
        version = self._on_disk()
        if version != self._version:
            self._version = version
            self._state = self._read() if version is not None else State()
        return self._state

    def change(self, **values: object) -> State:
        """Remember something else; returns the new state."""
        state = replace(self.state(), **values)  # type: ignore[arg-type]
        if len(state.refused) > REMEMBERED:
            newest = sorted(state.refused.items(), key=lambda item: item[1])[-REMEMBERED:]
            state = replace(state, refused=dict(newest))
        if state != self._state:
            self._state = state
            self._write(state)
        return state

    def _on_disk(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None

    def _read(self) -> State:
        try:
            return _FORMAT.validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            log.warning("what was remembered of tokens cannot be read, starting anew", reason=type(error).__name__)
            return State()

    def _write(self, state: State) -> None:
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            part.write_bytes(_FORMAT.dump_json(state))
            part.replace(self._path)
        except OSError as error:
            log.warning("what was learnt of tokens cannot be kept over a restart", reason=str(error))
            return
        self._version = self._on_disk()


def account_of(way: str, email: str, password: str, *, salt: str | None = None) -> str:
    """A hash that tells whether the credentials are still the same, and is no use to guess them."""
    salt = salt or secrets.token_hex(16)
    hashed = hashlib.scrypt("\n".join((way, email, password)).encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return f"{salt}${hashed.hex()}"


def is_same_account(account: str, way: str, email: str, password: str) -> bool:
    """Whether `account` was made of these."""
    salt, _, _ = account.partition("$")
    try:
        return secrets.compare_digest(account, account_of(way, email, password, salt=salt))
    except ValueError:
        return False
