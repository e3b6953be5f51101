"""What stands in the broker: exchanges, queues, bindings (design, section 4). Pure data; `declare` builds it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

EVENTS = "pipeline.events"
DEAD = "pipeline.dead"
JOURNAL = "pipeline.journal"
JOURNAL_MAX_AGE = "90D"
DELIVERY_LIMIT = 20

# Each look at a dead letter counts as a delivery, and past the limit it would be dropped (tried: a way back to the same
# queue is taken for a circle). So there is a limit, since 4.0 would set one of 20, but none that looking can reach.
DEAD_LETTERS = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-delivery-limit": 1_000_000_000}

RETRY_DELAYS = {
    "10s": timedelta(seconds=10),
    "1m": timedelta(minutes=1),
    "10m": timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as the broker is asked for it."""

    name: str
    arguments: dict[str, Any]
    bindings: tuple[tuple[str, str], ...] = field(default=())
    """(exchange, routing key) pairs."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who listens to what: a consumer's queue and its patterns on `pipeline.events`."""

    queue: str
    patterns: tuple[str, ...]
    single_active: bool = False


def _commands(system: str) -> Subscription:
    return Subscription(
        f"{system}_extractor.commands",
        (f"token.supplied.v1.{system}", f"command.run_now.v1.{system}"),
        single_active=True,
    )


SUBSCRIPTIONS = (
    Subscription("transformer.raw_data_ready", ("raw_data.#",)),
    Subscription("bi_refresher.warehouse_loaded", ("warehouse.#",)),
    Subscription("notifier.incidents", ("auth.#", "source.#", "report.#", "message.#", "token.#")),
    _commands("notion"),
    _commands("gestta"),
)


def dead_letters(queue: str) -> str:
    """Where what a consumer could not handle waits for a person."""
    return f"{queue}.dlq"


def retry_queue(queue: str, delay: str) -> str:
    """Where a message waits `delay` (a key of RETRY_DELAYS) before it is handed back."""
    return f"{queue}.retry.{delay}"


def queues() -> Iterator[Queue]:
    """Every queue, the journal last."""
    for subscription in SUBSCRIPTIONS:
        name = subscription.queue
        yield Queue(
            name,
            _quorum(exchange=DEAD, key=name)
            | ({"x-single-active-consumer": True} if subscription.single_active else {}),
            tuple((EVENTS, pattern) for pattern in subscription.patterns),
        )
        for delay, wait in RETRY_DELAYS.items():
            # Messages expire at the head of a queue only: one queue per delay, or a long wait blocks a short one.
            yield Queue(
                retry_queue(name, delay),
                _quorum(exchange="", key=name) | {"x-message-ttl": int(wait.total_seconds() * 1000)},
            )
        yield Queue(dead_letters(name), DEAD_LETTERS, ((DEAD, name),))
    yield Queue(JOURNAL, {"x-queue-type": "stream", "x-max-age": JOURNAL_MAX_AGE}, ((EVENTS, "#"),))


def _quorum(*, exchange: str, key: str) -> dict[str, Any]:
    # At-least-once dead-lettering needs reject-publish; past the delivery limit a message without a
    # dead-letter exchange is dropped, so every queue has one.
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": key,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": DELIVERY_LIMIT,
    }


def subscribers(routing_key: str) -> tuple[str, ...]:
    """The consumers' queues that a fact with this routing key reaches (the journal takes all)."""
    words = routing_key.split(".")
    return tuple(s.queue for s in SUBSCRIPTIONS if any(_matches(p.split("."), words) for p in s.patterns))


def _matches(pattern: list[str], words: list[str]) -> bool:
    """Topic matching as the broker does it: `*` is one word, `#` any number."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_matches(pattern[1:], words[i:]) for i in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _matches(pattern[1:], words[1:])
