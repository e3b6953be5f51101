"""The broker as the rest of the house uses it, for tests that look from outside; and what they say over it."""

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pika

from shared import clock
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import Fact
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode


class Road:
    """A vhost and its management API."""

    def __init__(self, url, management):
        self.url = url
        self.management = management
        self.vhost = quote(urlsplit(url).path[1:], safe="")

    def envelope(self, fact: Fact) -> Envelope[Fact]:
        return first(fact, source="/services/test", time=clock.now(), event_id=str(uuid4()))

    def say(self, fact: Fact) -> Envelope[Fact]:
        envelope = self.envelope(fact)
        self.say_again(envelope)
        return envelope

    def say_again(self, envelope: Envelope[Fact]) -> None:
        self.put(topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope))

    def put(self, exchange, key, body, properties=None):
        with rabbitmq.session(self.url, name="test") as connection, rabbitmq.confirming(connection) as send:
            send(exchange, key, body, properties or pika.BasicProperties(delivery_mode=2))

    def waiting(self, queue) -> int:
        return rabbitmq.depth(self.url, (queue,), name="test")[queue][0]

    def consumers(self, queue) -> int:
        return rabbitmq.depth(self.url, (queue,), name="test")[queue][1]

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
            return [decode(d.body) for d in rabbitmq.walk_stream(connection, since=since)]

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
