"""The topology on the broker: building it, waiting for it, counting, and the one queue that only one may hold."""

import threading
from collections.abc import Callable
from functools import partial

import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker
from pika.exchange_type import ExchangeType

from shared.errors import Transient
from shared.messaging import topology
from shared.messaging.rabbitmq.connection import Connection, connect, session

log = structlog.get_logger()

NOT_FOUND, RESOURCE_LOCKED = 404, 405


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


def missing(connection: Connection, queues: tuple[str, ...]) -> str | None:
    """The first of our exchanges or of `queues` that does not stand yet (a passive check)."""
    for exchange in (topology.EVENTS, topology.DEAD):
        if not _stands(connection, partial(BlockingChannel.exchange_declare, exchange=exchange, passive=True)):
            return exchange
    for queue in queues:
        if not _stands(connection, partial(BlockingChannel.queue_declare, queue=queue, passive=True)):
            return queue
    return None


def _stands(connection: Connection, ask: Callable[..., object]) -> bool:
    channel = connection.channel()
    try:
        ask(channel)
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    channel.close()
    return True


def wait_for_topology(connection: Connection, queues: tuple[str, ...], stop: threading.Event) -> bool:
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


def hold(connection: Connection, queue: str, stop: threading.Event) -> bool:
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
