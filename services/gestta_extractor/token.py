"""What a Gestta token says of itself, and which one to use. Decisions."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is sent, without `JWT ` in front."""

    value: str
    expires_at: datetime | None
    issued_at: datetime | None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_near_end(self, now: datetime, warning: timedelta) -> bool:
        """Within `warning` of its end. One that never lived longer than twice that would always be: it never is."""
        if self.expires_at is None or self.is_expired(now):
            return False
        if self.issued_at is not None and self.expires_at - self.issued_at < 2 * warning:
            return False
        return self.expires_at - now <= warning


def read(text: str) -> Token:
    """A token however it was pasted: with `JWT ` or `Bearer `, in quotes, as the web app's storage keeps it."""
    value = text.strip()
    if value[:1] == '"':
        try:
            value = str(json.loads(value))
        except ValueError:
            value = value.strip('"')
    for prefix in ("JWT ", "Bearer "):
        if value[: len(prefix)].lower() == prefix.lower():
            value = value[len(prefix) :]
    value = value.strip().strip("'\"")
    try:
        claims = jwt.decode(value, options={"verify_signature": False})
    except jwt.PyJWTError:
        return Token(value, None, None)
    return Token(value, _moment(claims.get("exp")), _moment(claims.get("iat")))


def why_refused(token: Token, now: datetime) -> str:
    """A sentence for the person who must bring another one."""
    if token.expires_at is None:
        return (
            "it is not a Gestta token that can be read: copy `ngStorage-jwt` from the web app's local storage "
            "(`user-jwt` is the messenger's and opens nothing here)"
        )
    if token.is_expired(now):
        return f"it expired at {token.expires_at:%Y-%m-%d %H:%M} UTC"
    return (
        "it is not expired, so it was revoked or is another one: `ngStorage-jwt` is wanted, `user-jwt` is the "
        "messenger's"
    )


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
