"""The one door to RabbitMQ: a connection that one thread pumps, and work that happens elsewhere.

pika's BlockingConnection does its I/O, heartbeats included, only when its owner asks. So the thread that runs the
road does nothing but ask; handlers and beats live in threads of their own and reach the connection through
`add_callback_threadsafe`. Long work (minutes of pandas or Selenium) then never costs the connection.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from typing import Any

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    NackError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)
from pika.exchange_type import ExchangeType

from shared.contracts.envelope import CONTENT_TYPE, Envelope
from shared.contracts.events import Fact
from shared.errors import RoadClosed, Transient
from shared.messaging import topology
from shared.messaging.codec import encode

log = structlog.get_logger()
Connection = pika.BlockingConnection

HEARTBEAT = 30
BLOCKED_SECONDS = 60
# A service waits longer while the broker is short of memory or disk: reconnecting would gain nothing, and each time the
# message in hand would come again and count towards its queue's delivery limit.
SERVICE_BLOCKED_SECONDS = 600
PUMP_SECONDS = 0.25
CONFIRM_SECONDS = 90.0
STALL_SECONDS = 5.0
STREAM_PREFETCH = 200
CHUNK_SECONDS = 1.0
ACCESS_REFUSED, NOT_FOUND, RESOURCE_LOCKED = 403, 404, 405
ATTEMPT_HEADER = "x-attempt"
PARKED_BEFORE_HEADER = "x-parked-before"


class BrokerRefused(Exception):
    """The broker is there, but not for us: a wrong password or vhost, a right that lacks. A person must act."""


def connect(url: str, *, name: str, blocked_seconds: int = BLOCKED_SECONDS) -> pika.BlockingConnection:
    """A new connection, shown in the broker's list as `name`, that ends when the broker takes nothing for so long.

    Raises `RoadClosed` where nobody answers and `BrokerRefused` where the answer is no.
    """
    parameters = pika.URLParameters(url)
    parameters.heartbeat = HEARTBEAT
    parameters.blocked_connection_timeout = blocked_seconds
    parameters.socket_timeout = parameters.stack_timeout = 10
    parameters.client_properties = {"connection_name": name}
    where = (
        f"{parameters.host}:{parameters.port}, vhost {parameters.virtual_host}, user {parameters.credentials.username}"
    )
    try:
        return pika.BlockingConnection(parameters)
    except (ProbableAuthenticationError, ProbableAccessDeniedError) as error:
        raise BrokerRefused(
            f"RabbitMQ at {where} refused the login: check AMQP_URL, its password and the user's rights"
        ) from error
    except (AMQPError, OSError) as error:
        raise RoadClosed(f"RabbitMQ at {where} does not answer ({type(error).__name__})") from error


def declare(url: str) -> int:
    """Build the whole topology; safe to repeat. Returns the number of queues.

    Raises `Transient` where a queue stands already with other arguments.
    """
    connection = connect(url, name="declare")
    try:
        channel = connection.channel()
        channel.exchange_declare(topology.EVENTS, ExchangeType.topic, durable=True)
        channel.exchange_declare(topology.DEAD, ExchangeType.direct, durable=True)
        queues = list(topology.queues())
        for queue in queues:
            channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
            for exchange, key in queue.bindings:
                channel.queue_bind(queue.name, exchange, key)
    except ChannelClosedByBroker as error:
        raise Transient(f"the broker refused the topology: {error.reply_text}") from error
    finally:
        connection.close()
    return len(queues)


def missing(connection: pika.BlockingConnection, queues: tuple[str, ...]) -> str | None:
    """The first of our exchanges or of `queues` that does not stand yet (a passive check)."""
    for exchange in (topology.EVENTS, topology.DEAD):
        if not _stands(connection, partial(BlockingChannel.exchange_declare, exchange=exchange, passive=True)):
            return exchange
    for queue in queues:
        if not _stands(connection, partial(BlockingChannel.queue_declare, queue=queue, passive=True)):
            return queue
    return None


def _stands(connection: pika.BlockingConnection, ask: Callable[..., object]) -> bool:
    channel = connection.channel()
    try:
        ask(channel)
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    channel.close()
    return True


def depth(url: str, queues: tuple[str, ...], *, name: str) -> dict[str, tuple[int, int]]:
    """Messages and consumers of each queue that stands."""
    found: dict[str, tuple[int, int]] = {}
    with session(url, name=name) as connection:
        for queue in queues:
            channel = connection.channel()
            try:
                answer = channel.queue_declare(queue, passive=True).method
            except ChannelClosedByBroker as error:
                if error.reply_code != NOT_FOUND:
                    raise
                continue
            found[queue] = (answer.message_count, answer.consumer_count)
            channel.close()
    return found


@contextmanager
def session(url: str, *, name: str, blocked_seconds: int = BLOCKED_SECONDS) -> Iterator[pika.BlockingConnection]:
    """A connection that this thread opens, uses and closes; whatever ends it early is `RoadClosed`.

    Raises `BrokerRefused` where the login or a right is refused.
    """
    connection = connect(url, name=name, blocked_seconds=blocked_seconds)
    try:
        yield connection
    except ChannelClosedByBroker as error:
        if error.reply_code == ACCESS_REFUSED:
            raise BrokerRefused(f"RabbitMQ refused {name} a right: {error.reply_text}") from error
        raise RoadClosed(f"the broker closed a channel: {error.reply_text}") from error
    except AMQPError as error:
        raise RoadClosed(f"the broker ended the connection: {error!r}") from error
    finally:
        close(connection)


def close(connection: pika.BlockingConnection) -> None:
    """End a connection, whatever state it is in."""
    with suppress(AMQPError, OSError):
        connection.close()


def properties_of(envelope: Envelope[Fact], *, headers: dict[str, Any] | None = None) -> pika.BasicProperties:
    """AMQP properties of a fact: consumers dispatch on `type`, since a retry changes the routing key."""
    return pika.BasicProperties(
        content_type=CONTENT_TYPE,
        delivery_mode=pika.DeliveryMode.Persistent.value,
        message_id=envelope.id,
        correlation_id=envelope.correlationid,
        type=envelope.type,
        app_id=envelope.source,
        headers=headers,
    )


class Link:
    """The road as worker threads see it: publish with confirm, or `RoadClosed`.

    It survives its connections: `run` gives it a new one after each reconnect.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._pending: set[Future[None]] = set()
        self.stalled: Callable[[bool], None] = lambda _: None
        """Told True when the broker owes a confirm for 5 s, and False with the next one that comes, however late."""
        self._is_stalled = False

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    @property
    def is_whole(self) -> bool:
        """Whether its channel lives: the broker closes that alone where it refuses a publication."""
        return self._channel is not None and self._channel.is_open

    def opened(self, connection: pika.BlockingConnection) -> None:
        """Use this connection from now on."""
        channel = connection.channel()
        channel.confirm_delivery()
        with self._lock:
            self._connection, self._channel = connection, channel
            self._is_stalled = False

    def closed(self) -> None:
        """Fail whoever waits for a confirm that will not come."""
        with self._lock:
            self._connection = self._channel = None
            pending, self._pending = self._pending, set()
        for future in pending:
            if not future.done():
                future.set_exception(RoadClosed("the connection to the broker was lost before it confirmed"))

    def publish(self, envelope: Envelope[Fact]) -> None:
        """Say a fact to everybody; returns when the broker has it durably."""
        self.send(topology.EVENTS, envelope.routing_key, encode(envelope), properties_of(envelope))

    def send(self, exchange: str, key: str, body: bytes, properties: pika.BasicProperties) -> None:
        """Publish and wait for the confirm. Raises `RoadClosed`, or `Transient` where the broker refused it."""
        future: Future[None] = Future()
        future.add_done_callback(self._settled)
        with self._lock:
            connection, channel = self._connection, self._channel
            if connection is None or channel is None:
                raise RoadClosed("not connected to the broker")
            self._pending.add(future)
        try:
            message = (exchange, key, body, properties)
            connection.add_callback_threadsafe(partial(_publish, channel, message, future))
            self._wait(future)
        except FutureTimeout:
            raise RoadClosed(f"no confirm from the broker within {CONFIRM_SECONDS:.0f} s") from None
        except AMQPError as error:
            raise RoadClosed(f"the connection to the broker was lost: {error!r}") from error
        finally:
            with self._lock:
                self._pending.discard(future)

    def _wait(self, future: "Future[None]") -> None:
        try:
            future.result(timeout=STALL_SECONDS)
        except FutureTimeout:
            # pika gives `connection.blocked` to its callbacks only when no publication waits: too late to say it.
            self._tell(stalled=True)
            future.result(timeout=CONFIRM_SECONDS - STALL_SECONDS)
            self._tell(stalled=False)

    def _settled(self, future: "Future[None]") -> None:
        # Also where nobody waits for this confirm any more.
        if future.exception() is None:
            self._tell(stalled=False)

    def _tell(self, *, stalled: bool) -> None:
        with self._lock:
            was, self._is_stalled = self._is_stalled, stalled
        if was != stalled:
            self.stalled(stalled)

    def later(self, call: Callable[[], None]) -> None:
        """Run `call` in the connection's thread, if there still is one."""
        connection = self._connection
        if connection is not None:
            with suppress(AMQPError):
                connection.add_callback_threadsafe(call)


def _publish(channel: BlockingChannel, message: tuple[Any, ...], future: "Future[None]") -> None:
    if future.done():
        return
    try:
        channel.basic_publish(*message, mandatory=True)
    except (NackError, UnroutableError) as error:
        _fail(future, Transient(f"the broker did not take a message for {message[0]}/{message[1]}: {error!r}"))
    except (AMQPError, OSError) as error:
        _fail(future, RoadClosed(f"the connection was lost while publishing: {error!r}"))
    else:
        if not future.done():
            future.set_result(None)


def _fail(future: "Future[None]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def hold(connection: pika.BlockingConnection, queue: str, stop: threading.Event) -> bool:
    """Hold the exclusive queue that makes a system's runs one at a time; waits, saying so, while another has it.

    Returns False when stopped while waiting. The broker frees it with the connection, however that ends.
    """
    told = False
    while not stop.is_set():
        channel = connection.channel()
        try:
            channel.queue_declare(queue, exclusive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code != RESOURCE_LOCKED:
                raise
            if not told:
                log.info("waiting for another run to end", queue=queue)
                told = True
            connection.sleep(1.0)
        else:
            return True
    return False


def wait_for_topology(connection: pika.BlockingConnection, queues: tuple[str, ...], stop: threading.Event) -> bool:
    """Wait, saying so once, until what we need is declared. Returns False when stopped while waiting."""
    told = False
    while not stop.is_set():
        absent = missing(connection, queues)
        if absent is None:
            return True
        if not told:
            log.warning("waiting for the topology: run `python -m shared.messaging declare`", missing=absent)
            told = True
        connection.sleep(1.0)
    return False


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came, and how to let go of it."""

    body: bytes
    content_type: str | None
    event_type: str | None
    event_id: str | None
    headers: dict[str, Any]
    acknowledge: Callable[[], None]
    """Safe from any thread; without effect where the channel of this delivery is gone (its tag is void then)."""
    give_back: Callable[[], None]
    """Let it come again at once, as safe. Each time counts towards the queue's delivery limit."""
    raw: pika.BasicProperties

    @property
    def attempt(self) -> int:
        """Which try this is, from 1."""
        value = self.headers.get(ATTEMPT_HEADER, 1)
        return value if isinstance(value, int) and value > 0 else 1

    @property
    def parked_before(self) -> str | None:
        """When it was last parked, where a person gave it back since."""
        return self.headers.get(PARKED_BEFORE_HEADER)

    def with_headers(self, **headers: Any) -> pika.BasicProperties:
        """Its properties for saying it again, with these headers added (underscores read as dashes)."""
        added = {key.replace("_", "-"): value for key, value in headers.items()}
        return self._again(self.headers | added)

    def anew(self, *, parked_at: str) -> pika.BasicProperties:
        """Its properties for saying it again as if for the first time: attempts and story left behind.

        Only when it was parked stays: parked once more it is other news than that parking.
        `x-death` goes too: a broker that finds its own queue in it may take the message for one that circles.
        """
        kept = {key: value for key, value in self.headers.items() if not key.startswith("x-")}
        return self._again(kept | {PARKED_BEFORE_HEADER: parked_at})

    def _again(self, headers: dict[str, Any]) -> pika.BasicProperties:
        return pika.BasicProperties(
            content_type=self.raw.content_type,
            delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=self.raw.message_id,
            correlation_id=self.raw.correlation_id,
            type=self.raw.type,
            app_id=self.raw.app_id,
            headers=headers,
        )


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer in the broker, as long as `lives` says so: the broker may end it and leave the connection."""

    lives: Callable[[], bool]
    cancel: Callable[[], None]
    """Stop the deliveries; the channel stays, so that work in hand can still be acknowledged."""


def consume(link: Link, connection: pika.BlockingConnection, queue: str, take: Callable[[Delivery], None]) -> Consumer:
    """Give each message of `queue` to `take` (in the connection's thread), one unacknowledged at a time."""
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)

    def on_message(_channel: object, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        def acknowledge() -> None:
            if channel.is_open:
                channel.basic_ack(method.delivery_tag)

        def give_back() -> None:
            if channel.is_open:
                channel.basic_nack(method.delivery_tag, requeue=True)

        take(_delivery(body, properties, partial(link.later, acknowledge), partial(link.later, give_back)))

    tag = channel.basic_consume(queue, on_message)

    def cancel() -> None:
        with suppress(AMQPError):
            channel.basic_cancel(tag)

    # A deleted queue cancels the consumer; a handler beyond the broker's consumer_timeout loses the channel.
    return Consumer(lambda: channel.is_open and tag in channel.consumer_tags, cancel)


def _delivery(
    body: bytes,
    properties: pika.BasicProperties,
    acknowledge: Callable[[], None],
    give_back: Callable[[], None] = lambda: None,
) -> Delivery:
    return Delivery(
        body=body,
        content_type=properties.content_type,
        event_type=properties.type,
        event_id=properties.message_id,
        headers=dict(properties.headers or {}),
        acknowledge=acknowledge,
        give_back=give_back,
        raw=properties,
    )


def pump(connection: pika.BlockingConnection) -> None:
    """Do the connection's I/O for a moment: heartbeats, deliveries, confirms, callbacks of other threads."""
    try:
        connection.process_data_events(time_limit=PUMP_SECONDS)
    except (AMQPError, OSError, UnicodeDecodeError) as error:
        # The last: a property that is not UTF-8, which pika cannot read. The broker parks it past the delivery limit.
        raise RoadClosed(f"the connection to the broker was lost: {error!r}") from error


def walk_stream(
    connection: pika.BlockingConnection, *, since: datetime, idle_seconds: float = 5.0
) -> Iterator[Delivery]:
    """The journal from `since` to its present end: every fact said, oldest first.

    A timestamp offset starts at the chunk that holds it, so earlier messages may come first: filter by the event's
    own time. Nothing comes where `since` is later than all; that is known after `idle_seconds`.
    """
    end = _last_offset(connection, idle_seconds)
    channel = connection.channel()
    channel.basic_qos(prefetch_count=STREAM_PREFETCH)
    offset = {"x-stream-offset": since.replace(microsecond=0)}
    for method, properties, body in channel.consume(
        topology.JOURNAL, arguments=offset, inactivity_timeout=idle_seconds
    ):
        if method is None:
            break
        yield _delivery(body, properties, lambda: None)
        channel.basic_ack(method.delivery_tag)
        if properties.headers["x-stream-offset"] >= end:
            break
    channel.cancel()
    channel.close()


def follow_stream(connection: pika.BlockingConnection, *, since: datetime, seconds: float) -> Iterator[Delivery]:
    """The journal from `since`, and for so many seconds what is said meanwhile."""
    deadline = time.monotonic() + seconds
    channel = connection.channel()
    channel.basic_qos(prefetch_count=STREAM_PREFETCH)
    offset = {"x-stream-offset": since.replace(microsecond=0)}
    for method, properties, body in channel.consume(
        topology.JOURNAL, arguments=offset, inactivity_timeout=PUMP_SECONDS
    ):
        if method is not None:
            yield _delivery(body, properties, lambda: None)
            channel.basic_ack(method.delivery_tag)
        if time.monotonic() >= deadline:
            break
    channel.cancel()
    channel.close()


def _last_offset(connection: pika.BlockingConnection, idle_seconds: float) -> int:
    """The offset of the journal's last message, -1 where it is empty. Its last chunk comes in one piece."""
    channel = connection.channel()
    channel.basic_qos(prefetch_count=STREAM_PREFETCH)
    last = -1
    for wait in chain((idle_seconds,), repeat(CHUNK_SECONDS)):
        method, properties, _ = next(
            channel.consume(topology.JOURNAL, arguments={"x-stream-offset": "last"}, inactivity_timeout=wait)
        )
        if method is None:
            break
        last = properties.headers["x-stream-offset"]
        channel.basic_ack(method.delivery_tag)
    channel.cancel()
    channel.close()
    return last


Send = Callable[[str, str, bytes, pika.BasicProperties], None]


@contextmanager
def confirming(connection: pika.BlockingConnection) -> Iterator[Send]:
    """A way to publish from the thread that owns the connection: returns when the broker has confirmed.

    Raises `Transient` where the broker did not take it.
    """
    channel = connection.channel()
    channel.confirm_delivery()

    def send(exchange: str, key: str, body: bytes, properties: pika.BasicProperties) -> None:
        try:
            channel.basic_publish(exchange, key, body, properties, mandatory=True)
        except (NackError, UnroutableError) as error:
            raise Transient(f"the broker did not take a message for {exchange or 'queue'} {key}: {error!r}") from error

    yield send
    channel.close()


@contextmanager
def held(connection: pika.BlockingConnection, queue: str) -> Iterator[Iterator[Delivery]]:
    """The messages that lie in `queue` now, each held until acknowledged; the rest goes back at the end."""
    channel = connection.channel()
    present = channel.queue_declare(queue, passive=True).method.message_count

    def deliveries() -> Iterator[Delivery]:
        for _ in range(present):
            method, properties, body = channel.basic_get(queue)
            if method is None:
                return
            yield _delivery(body, properties, partial(channel.basic_ack, method.delivery_tag))

    yield deliveries()
    channel.close()
