"""The journal: a stream that keeps every fact that was said."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, repeat

from shared.messaging import topology
from shared.messaging.rabbitmq.connection import PUMP_SECONDS, Connection
from shared.messaging.rabbitmq.delivery import Delivery, delivery_of

STREAM_PREFETCH = 200
CHUNK_SECONDS = 1.0


def walk_stream(connection: Connection, *, since: datetime, idle_seconds: float = 5.0) -> Iterator[Delivery]:
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
        yield delivery_of(body, properties, lambda: None)
        channel.basic_ack(method.delivery_tag)
        if properties.headers["x-stream-offset"] >= end:
            break
    channel.cancel()
    channel.close()


def follow_stream(connection: Connection, *, since: datetime, seconds: float) -> Iterator[Delivery]:
    """The journal from `since`, and for so many seconds what is said meanwhile."""
    deadline = time.monotonic() + seconds
    channel = connection.channel()
    channel.basic_qos(prefetch_count=STREAM_PREFETCH)
    offset = {"x-stream-offset": since.replace(microsecond=0)}
    for method, properties, body in channel.consume(
        topology.JOURNAL, arguments=offset, inactivity_timeout=PUMP_SECONDS
    ):
        if method is not None:
            yield delivery_of(body, properties, lambda: None)
            channel.basic_ack(method.delivery_tag)
        if time.monotonic() >= deadline:
            break
    channel.cancel()
    channel.close()


def _last_offset(connection: Connection, idle_seconds: float) -> int:
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
