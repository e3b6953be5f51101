"""Replay: choose facts from the journal and give them, said again on purpose, to the one queue they belong to.

Through the default exchange, so that nobody else hears them and the journal gains only what follows from them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts.envelope import Envelope, replayed
from shared.contracts.events import Fact
from shared.errors import Rejected
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode

RAW_DATA_READY = "raw_data.ready.v1"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which facts a person wants again: narrow by default."""

    since: datetime
    until: datetime
    system: str | None = None
    event_type: str = RAW_DATA_READY
    scope: str | None = None
    batch_ref: str | None = None

    def wants(self, envelope: Envelope[Fact]) -> bool:
        """A fact is chosen by its own time: a stream's offset only finds the chunk."""
        data = envelope.data
        return (
            self.since <= envelope.time < self.until
            and self.event_type == data.TYPE
            and self.system in (None, data.system)
            and self.scope in (None, getattr(data, "scope", None))
            and self.batch_ref in (None, getattr(data, "batch_ref", None))
            and envelope.replay is None
        )


def choose(connection: rabbitmq.Connection, choice: Choice) -> Iterator[Envelope[Fact]]:
    """The chosen facts, oldest first, each once however often it was said."""
    known: set[str] = set()
    for delivery in rabbitmq.walk_stream(connection, since=choice.since):
        try:
            envelope = decode(delivery.body)
        except Rejected:
            continue  # the journal keeps everything, also what nobody could read
        if choice.wants(envelope) and envelope.id not in known:
            known.add(envelope.id)
            yield envelope


def answer_to(connection: rabbitmq.Connection, asked: Envelope[Fact], *, seconds: float) -> Envelope[Fact] | None:
    """The first fact that names `asked` as its cause; None where none was said within so many seconds."""
    for delivery in rabbitmq.follow_stream(connection, since=asked.time, seconds=seconds):
        try:
            envelope = decode(delivery.body)
        except Rejected:
            continue
        if envelope.causationid == asked.id:
            return envelope
    return None


def destination(envelope: Envelope[Fact]) -> str:
    """The one queue a fact belongs to. Raises `Rejected` where it has none, or the choice would be ours."""
    queues = topology.subscribers(envelope.routing_key)
    if len(queues) != 1:
        raise Rejected(f"{envelope.type} belongs to {len(queues)} queues, a replay needs exactly one")
    return queues[0]


@dataclass(frozen=True, slots=True)
class Orders:
    """What the person orders beside the replay itself."""

    replay: str
    force: bool = False
    refresh: bool = False
    acceptrejects: bool = False


def give(
    connection: rabbitmq.Connection,
    chosen: Iterable[Envelope[Fact]],
    orders: Orders,
    *,
    new_id: Callable[[], str],
) -> Counter[str]:
    """Give each chosen fact to its queue; returns confirmed messages per queue: a receipt of what happened.

    Raises `RoadClosed` or `Transient` in the middle: what was confirmed until then stays given.
    """
    receipt: Counter[str] = Counter()
    with rabbitmq.confirming(connection) as send:
        for original in chosen:
            again = replayed(
                original,
                event_id=new_id(),
                replay=orders.replay,
                force=orders.force,
                refresh=orders.refresh,
                acceptrejects=orders.acceptrejects,
            )
            queue = destination(original)
            send("", queue, encode(again), rabbitmq.properties_of(again))
            receipt[queue] += 1
    return receipt


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked message with its story."""

    queue: str
    event_id: str
    event_type: str
    system: str
    scope: str
    reason: str
    attempts: int
    parked_at: str


def dead_letters(connection: rabbitmq.Connection, queues: Collection[str]) -> Iterator[DeadLetter]:
    """What lies in the `.dlq` of each queue, left where it is.

    Listing holds all messages of a queue until the end and gives them back by closing the channel.
    """
    for queue in queues:
        with rabbitmq.held(connection, topology.dead_letters(queue)) as deliveries:
            for delivery in deliveries:
                yield _story(queue, delivery)


def redrive(
    connection: rabbitmq.Connection,
    queue: str,
    wanted: Callable[[DeadLetter], bool],
    *,
    accept_rejects: bool,
) -> int:
    """Give the wanted dead letters back to `queue`: same id, attempts anew. Returns how many were confirmed.

    What nobody can read stays where it is when rejects are to be accepted: the order could not be written into it.
    A letter leaves the `.dlq` only after its queue has confirmed it: a crash in between leaves it twice, never lost.
    """
    count = 0
    with (
        rabbitmq.confirming(connection) as send,
        rabbitmq.held(connection, topology.dead_letters(queue)) as deliveries,
    ):
        for delivery in deliveries:
            letter = _story(queue, delivery)
            if not wanted(letter):
                continue
            body = delivery.body
            if accept_rejects:
                try:
                    body = encode(replace(decode(body), acceptrejects=True))
                except Rejected:
                    continue
            send("", queue, body, delivery.anew(parked_at=letter.parked_at))
            delivery.acknowledge()
            count += 1
    return count


def _story(queue: str, delivery: rabbitmq.Delivery) -> DeadLetter:
    try:
        data: Fact | None = decode(delivery.body).data
    except Rejected:
        data = None
    died = (delivery.headers.get("x-death") or [{}])[0]
    return DeadLetter(
        queue=queue,
        event_id=str(delivery.event_id or ""),
        event_type=str(delivery.event_type or ""),
        system=data.system if data else "",
        scope=str(getattr(data, "scope", "")),
        reason=str(delivery.headers.get("x-reason") or f"the broker gave up: {died.get('reason', 'unknown')}"),
        attempts=delivery.attempt,
        parked_at=str(delivery.headers.get("x-time") or died.get("time") or ""),
    )
