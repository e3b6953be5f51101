"""Errors named by what happens next. There are no others on the road."""

from datetime import datetime


class Transient(Exception):
    """It may work again later: the message is retried, the page is asked for again."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the other side asked us to wait, where it did."""


class Outage(Transient):
    """Something everybody depends on (database, landing) cannot be reached: not the message's fault, so not counted."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what
        """`database` or `landing`."""


class Rejected(Exception):
    """It will never work: the message is parked with this sentence, the row is set aside with it."""


class AuthRejected(Exception):
    """A credential was refused: a person must act."""

    def __init__(
        self,
        system: str,
        status: int,
        hint: str,
        *,
        expires_at: datetime | None = None,
        evidence: str | None = None,
    ) -> None:
        super().__init__(f"{system} refused the credential ({status}): {hint}")
        self.system = system
        self.status = status
        self.hint = hint
        self.expires_at = expires_at
        self.evidence = evidence


class RoadClosed(Exception):
    """The broker is away: nothing is acknowledged, and what was not said is said when it is back."""
