"""Saying something from the thread that owns the connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
from pika.exceptions import NackError, UnroutableError

from shared.contracts.envelope import CONTENT_TYPE, Envelope
from shared.contracts.events import Fact
from shared.errors import Transient
from shared.messaging.rabbitmq.connection import Connection

Send = Callable[[str, str, bytes, pika.BasicProperties], None]


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


@contextmanager
def confirming(connection: Connection) -> Iterator[Send]:
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
