"""When to ask again: what the other side says of it, and a few tries of our own."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import structlog
import tenacity

from shared.errors import Transient

log = structlog.get_logger()
T = TypeVar("T")

RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date; None where there is none that can be read."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # `-0000`
    return max(0.0, (moment - now).total_seconds())


def patiently(
    ask: Callable[[], T],
    *,
    tries: int,
    unless: type[Transient] | tuple[type[Transient], ...] = (),
    longest: float = 60.0,
    wait: Callable[[float], object] = time.sleep,
) -> T:
    """`ask` again after `Transient`: what the other side asked for, else 1 s doubling to `longest` with jitter.

    Not after those of `unless`, where asking for the same again is no use.
    """
    backoff = tenacity.wait_exponential_jitter(initial=1, max=longest, jitter=1)

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Transient) else None
        return max(asked, 0.0) if asked is not None else backoff(state)

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.info(
            "asking again", attempt=state.attempt_number, wait_seconds=round(state.upcoming_sleep, 1), error=str(error)
        )

    def rest(seconds: float) -> None:
        wait(seconds)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, Transient) and not isinstance(e, unless)),
        stop=tenacity.stop_after_attempt(tries),
        wait=pause,
        sleep=rest,
        before_sleep=tell,
        reraise=True,
    )(ask)
