"""The one door to RabbitMQ: a connection that one thread pumps, and work that happens elsewhere.

pika's BlockingConnection does its I/O, heartbeats included, only when its owner asks. So the thread that runs the
road does nothing but ask; handlers and beats live in threads of their own and reach the connection through
`add_callback_threadsafe`. Long work (minutes of pandas or Selenium) then never costs the connection.
"""

from shared.messaging.rabbitmq.connection import BrokerRefused, Connection, connect, pump, session
from shared.messaging.rabbitmq.delivery import Consumer, Delivery, consume, held
from shared.messaging.rabbitmq.journal import follow_stream, walk_stream
from shared.messaging.rabbitmq.link import Link
from shared.messaging.rabbitmq.publishing import Send, confirming, properties_of
from shared.messaging.rabbitmq.queues import declare, depth, hold, missing, wait_for_topology

__all__ = [
    "BrokerRefused",
    "Connection",
    "Consumer",
    "Delivery",
    "Link",
    "Send",
    "confirming",
    "connect",
    "consume",
    "declare",
    "depth",
    "follow_stream",
    "held",
    "hold",
    "missing",
    "properties_of",
    "pump",
    "session",
    "wait_for_topology",
    "walk_stream",
]
