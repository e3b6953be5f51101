"""The order of life of a message, in one place: handle → (commit) → publish with confirms → ack."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact
from shared.errors import RoadClosed
from shared.messaging.retry import Park, Retry, verdict

Handler = Callable[[Envelope[Any]], Iterable[Fact] | None]


@dataclass(frozen=True, slots=True)
class Done:
    """Handled, and what follows from it was said: acknowledge."""

    said: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Not handled; what to do next, and the error for the log."""

    then: Retry | Park
    error: Exception


def settle(
    envelope: Envelope[Fact], handler: Handler, *, attempt: int, publish: Callable[[Fact], None]
) -> Done | Failed:
    """Run the handler and say what it yields; `publish` returns when the broker has confirmed.

    A handler may yield while it works: the line below a `yield` runs when that fact was heard.
    Raises `RoadClosed`: then nothing is decided, and the delivery comes back.
    """
    said = 0
    try:
        for fact in handler(envelope) or ():
            publish(fact)
            said += 1
    except RoadClosed:
        raise
    except Exception as error:  # noqa: BLE001  the one place that may: everything becomes an outcome
        return Failed(verdict(error, attempt=attempt), error)
    return Done(said, attempt)
