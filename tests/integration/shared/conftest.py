"""A road with a service on it, seen from outside."""

import threading
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pika
import pytest

from shared import clock
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import Fact
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode
from shared.messaging.run import Every, On, Service, run


class Road:
    """The broker as the rest of the house uses it, and its management API."""

    def __init__(self, url, management):
        self.url = url
        self.management = management
        self.vhost = quote(urlsplit(url).path[1:], safe="")

    def say(self, fact: Fact) -> Envelope[Fact]:
        envelope = first(fact, source="/services/test", time=clock.now(), event_id=str(uuid4()))
        self.put(topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope))
        return envelope

    def put(self, exchange, key, body, properties=None):
        with rabbitmq.session(self.url, name="test") as connection, rabbitmq.confirming(connection) as send:
            send(exchange, key, body, properties or pika.BasicProperties(delivery_mode=2))

    def waiting(self, queue) -> int:
        return rabbitmq.depth(self.url, (queue,), name="test")[queue][0]

    def take(self, queue) -> list[tuple[pika.BasicProperties, bytes]]:
        """Everything that lies in a queue, taken out."""
        taken = []
        with rabbitmq.session(self.url, name="test") as connection:
            channel = connection.channel()
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                taken.append((got[1], got[2]))
        return taken

    def heard(self) -> list[Any]:
        """The facts that the notifier's queue has got since the last look."""
        return [decode(body) for _, body in self.take("notifier.incidents")]

    def journal(self) -> list[Envelope[Fact]]:
        with rabbitmq.session(self.url, name="test") as connection:
            since = clock.now().replace(hour=0, minute=0, second=0)
            return [decode(d.body) for d in rabbitmq.walk_stream(connection, since=since, idle_seconds=0.5)]

    def hand_back(self, queue, delay) -> None:
        """What waits in a retry queue goes back now, as its TTL would send it, headers and all."""
        for properties, body in self.take(topology.retry_queue(queue, delay)):
            self.put("", queue, body, properties)

    def connections(self, name) -> list[str]:
        listed = self.management.ask("GET", f"vhosts/{self.vhost}/connections") or []
        return [c["name"] for c in listed if c.get("client_properties", {}).get("connection_name") == name]

    def cut(self, name, eventually) -> None:
        """The broker ends the connections of this name, as when it restarts."""
        names = eventually(lambda: self.connections(name), within=15)
        for found in names:
            self.management.ask("DELETE", f"connections/{quote(found, safe='')}")


@pytest.fixture
def road(amqp_url, broker):
    rabbitmq.declare(amqp_url)
    return Road(amqp_url, broker.management)


@pytest.fixture
def serve(road, eventually):
    """`serve(On(…), Every(…))`: a service in a thread of this test, stopped with it."""
    with ExitStack() as stack:

        def begin(*does: On | Every, name="transformer", exclusive=None, wait=True):
            service = Service(name=name, amqp_url=road.url, does=list(does), exclusive=exclusive)
            thread = threading.Thread(target=run, args=(service,), name=f"road of {name}")

            def end():
                service.stop.set()
                thread.join(20)
                assert not thread.is_alive()

            stack.callback(end)
            thread.start()
            if wait:
                eventually(lambda: service.link.is_open, within=20)
            return service

        yield begin
