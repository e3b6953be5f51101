"""What to do with a message whose handler failed: a decision, not an action."""

from dataclasses import dataclass

from shared.errors import AuthRejected, Outage, Rejected
from shared.messaging.topology import RETRY_DELAYS

SCHEDULE = tuple(RETRY_DELAYS)
OUTAGE_DELAY = "1m"


@dataclass(frozen=True, slots=True)
class Retry:
    """Hand it back after `delay`, as attempt number `attempt`."""

    delay: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class Park:
    """Put it where a person looks, with its story."""

    attempt: int
    reason: str


def verdict(error: Exception, *, attempt: int) -> Retry | Park:
    """`attempt` is the number of the try that failed, from 1.

    Rejected and refused credentials are parked at once; an outage goes round without being counted; whatever else
    happened, known or not, is tried again after each delay of the schedule and parked after the last.
    """
    reason = f"{type(error).__name__}: {error}"
    match error:
        case Rejected() | AuthRejected():
            return Park(attempt, reason)
        case Outage():
            return Retry(OUTAGE_DELAY, attempt, reason)
        case _ if attempt <= len(SCHEDULE):
            return Retry(SCHEDULE[attempt - 1], attempt + 1, reason)
        case _:
            return Park(attempt, reason)
