"""The road as worker threads see it, whichever connection it has at the moment."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from functools import partial
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, NackError, UnroutableError

from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact
from shared.errors import RoadClosed, Transient
from shared.messaging import topology
from shared.messaging.codec import encode
from shared.messaging.rabbitmq.connection import Connection
from shared.messaging.rabbitmq.publishing import properties_of

CONFIRM_SECONDS = 90.0
STALL_SECONDS = 5.0


class Link:
    """The road as worker threads see it: publish with confirm, or `RoadClosed`.

    It survives its connections: `run` gives it a new one after each reconnect.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
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

    def opened(self, connection: Connection) -> None:
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
