"""What the road's tests say and how they answer."""

from collections.abc import Callable
from typing import Any

from shared import clock
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady, WarehouseLoaded
from shared.messaging import topology
from shared.messaging.service import On

QUEUE = "transformer.raw_data_ready"
DEAD = topology.dead_letters(QUEUE)
LOADED = WarehouseLoaded(
    system="gestta", batch_ref="b", scope="s", inserted=1, updated=0, unchanged=0, removed=0, rejected=0
)


def ready(scope: str = "search:open") -> RawDataReady:
    """A fact for QUEUE."""
    now = clock.now()
    return RawDataReady(
        system="gestta",
        batch_ref="gestta/2026/11/23/b",
        sha256="0",
        records=1,
        removed=0,
        scope=scope,
        kind="full",
        read_from=now,
        read_to=now,
    )


class Handler:
    """Answers each delivery by the next of `outcomes`, the last one for ever: raises, calls or returns it."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.handled: list[Envelope[Any]] = []

    def __call__(self, envelope: Envelope[Any]) -> Any:
        self.handled.append(envelope)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome() if callable(outcome) else outcome


def on(handler: Handler | Callable[[Envelope[Any]], Any], **more: Any) -> On:
    """Its subscription to QUEUE."""
    return On(QUEUE, {RawDataReady: handler}, **more)
