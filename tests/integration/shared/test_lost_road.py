"""What happens to messages when the road is lost, blocked or left."""

import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pika
import pytest
from structlog.testing import capture_logs

from local import broker as local_broker
from shared.contracts.events import WarehouseLoaded
from shared.errors import RoadClosed
from shared.messaging import rabbitmq, run
from tests.integration.road import Road
from tests.integration.shared.messages import LOADED, QUEUE, Handler, on, ready

pytestmark = pytest.mark.integration


def test_a_handler_that_takes_longer_than_the_heartbeat_keeps_its_connection(road, serve, eventually, monkeypatch):
    monkeypatch.setattr("shared.messaging.rabbitmq.connection.HEARTBEAT", 2)
    names = []

    def slow(_event):
        names.extend(eventually(lambda: road.connections("transformer"), within=15))
        time.sleep(7)  # the broker ends a connection after two heartbeats without a word
        names.extend(road.connections("transformer"))

    handler = Handler(lambda: slow(None))
    serve(on(handler))
    road.say(ready())
    eventually(lambda: len(names) == 2, within=30)
    assert names[0] == names[1]
    eventually(lambda: road.waiting(QUEUE) == 0)
    assert len(handler.handled) == 1


def test_a_connection_lost_before_the_acknowledgement_brings_the_message_again_and_says_the_same(
    road, serve, eventually
):
    entered, go_on = threading.Event(), threading.Event()

    def slow():
        yield LOADED
        entered.set()
        go_on.wait(30)

    handler = Handler(slow, lambda: [LOADED])
    service = serve(on(handler))
    event = road.say(ready())
    assert entered.wait(10)
    road.cut("transformer", eventually)
    eventually(lambda: not service.link.is_open, within=15)
    go_on.set()
    eventually(lambda: len(handler.handled) == 2, within=20)
    eventually(lambda: service.link.is_open and road.waiting(QUEUE) == 0)
    assert [e.id for e in handler.handled] == [event.id] * 2
    said = [e.id for e in road.journal() if isinstance(e.data, WarehouseLoaded)]
    assert len(said) == 2
    assert len(set(said)) == 1


def test_facts_go_on_through_a_storm_of_lost_connections(road, serve, eventually):
    handler = Handler(lambda: [LOADED])
    service = serve(on(handler))
    told = []
    for _ in range(3):
        told += [road.say(ready()).id for _ in range(5)]
        road.cut("transformer", eventually)
        eventually(lambda: service.link.is_open, within=15)
    eventually(lambda: {e.id for e in handler.handled} == set(told), within=30)
    eventually(lambda: road.waiting(QUEUE) == 0)
    caused = {e.causationid for e in road.journal() if isinstance(e.data, WarehouseLoaded)}
    assert caused == set(told)


def test_a_consumer_that_the_broker_ends_comes_back(road, serve, eventually):
    handler = Handler(None)
    service = serve(on(handler))
    eventually(lambda: road.consumers(QUEUE) == 1)
    road.management.ask("DELETE", f"queues/{road.vhost}/{QUEUE}")
    eventually(lambda: not service.link.is_open)
    rabbitmq.declare(road.url)
    eventually(lambda: road.consumers(QUEUE) == 1, within=20)
    road.say(ready())
    eventually(lambda: len(handler.handled) == 1)


def test_a_refused_publication_does_not_close_the_road_for_ever(road, serve, eventually):
    service = serve(on(Handler(None)))
    with pytest.raises(Exception, match="nowhere"):
        service.link.send("nowhere", "x", b"", pika.BasicProperties())
    handled = road.say(ready())
    eventually(lambda: service.link.is_whole, within=15)
    service.link.publish(handled)


def test_a_connection_lost_while_waiting_for_the_topology_is_opened_again(bare_road, serve, eventually):
    service = serve(on(Handler(None)), wait=False)
    bare_road.cut("transformer", eventually)
    eventually(lambda: not bare_road.connections("transformer"), within=15)
    rabbitmq.declare(bare_road.url)
    eventually(lambda: service.link.is_open, within=20)


def test_a_service_that_stays_where_its_login_is_refused_goes_on_when_it_is_taken(
    road, serve, eventually, monkeypatch, request
):
    monkeypatch.setattr(run, "REFUSED_SECONDS", 0.5)
    user, parts = f"late-{secrets.token_hex(4)}", urlsplit(road.url)
    url = parts._replace(netloc=f"{user}:known@{parts.hostname}:{parts.port}").geturl()
    handler = Handler(None)
    with capture_logs() as lines:
        service = serve(on(handler), url=url, stays_refused=True, wait=False)
        eventually(lambda: "refused the login" in service.health.report()["wrong"].get("broker", ""), within=20)
        road.management.ask("PUT", f"users/{user}", {"password": "known", "tags": ""})
        request.addfinalizer(lambda: road.management.ask("DELETE", f"users/{user}"))
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        road.management.ask("PUT", f"permissions/{road.vhost}/{user}", everything)
        eventually(lambda: service.health.report()["ok"], within=20)
    assert "the broker refuses the login, trying again" in [line["event"] for line in lines]
    assert "known" not in str(lines)
    road.say(ready())
    eventually(lambda: handler.handled)


def test_a_stopped_service_finishes_what_it_has_in_hand_and_leaves_the_rest(road, serve, eventually):
    entered, go_on = threading.Event(), threading.Event()

    def slow():
        entered.set()
        assert go_on.wait(30)
        return [LOADED]

    handler = Handler(slow)
    service = serve(on(handler))
    first = road.say(ready())
    assert entered.wait(10)
    road.say(ready())
    service.stop.set()
    go_on.set()
    eventually(lambda: not service.link.is_open)
    (said,) = (e for e in road.journal() if isinstance(e.data, WarehouseLoaded))
    assert said.causationid == first.id
    assert [e.id for e in handler.handled] == [first.id]
    eventually(lambda: road.waiting(QUEUE) == 1)


def test_what_does_not_finish_within_the_drain_comes_again(road, serve, eventually, monkeypatch):
    monkeypatch.setattr(run, "DRAIN_SECONDS", 0.5)
    entered, go_on = threading.Event(), threading.Event()

    def endless():
        entered.set()
        go_on.wait(30)

    service = serve(on(Handler(endless)))
    event = road.say(ready())
    assert entered.wait(10)
    service.stop.set()
    eventually(lambda: not service.link.is_open)
    again = Handler(None)
    serve(on(again))
    eventually(lambda: [e.id for e in again.handled] == [event.id])
    go_on.set()


SLOW_SERVICE = """
import sys, threading
from shared.contracts.events import RawDataReady
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service

service = Service(name="transformer", amqp_url=sys.argv[1], does=[])
stop_on_signals(service.stop)

def endless(event):
    if sys.argv[2] == "says":
        for _ in range(1_000_000):
            service.link.publish(event)
    threading.Event().wait()

service.does.append(On("transformer.raw_data_ready", {RawDataReady: endless}))
run(service)
"""
TERMINATED_SECONDS = 10
"""What compose gives a service (stop_grace_period)."""
ENDED = (0, -signal.SIGALRM)
"""By itself: in order, or by its own alarm."""


@contextmanager
def slow_service(url, does):
    """A process whose handler never ends; it is killed with the test."""
    with subprocess.Popen([sys.executable, "-c", SLOW_SERVICE, url, does], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_handler_that_never_ends_does_not_outlive_the_grace_period(road, eventually):
    road.say(ready())
    with slow_service(road.url, "waits") as process:
        eventually(lambda: road.consumers(QUEUE) == 1, within=20)
        eventually(lambda: road.waiting(QUEUE) == 0)
        process.terminate()
        assert process.wait(TERMINATED_SECONDS) in ENDED
    assert road.waiting(QUEUE) == 1


@pytest.fixture(scope="module")
def own_broker(private_folder, absent):
    """A broker that this file's tests may stop and starve."""
    if not local_broker.SERVER.exists():
        absent("no RabbitMQ on this machine: `make test` installs it")
    with local_broker.private(private_folder / "rabbitmq-road") as server:
        yield server


@pytest.fixture
def own_road(own_broker):
    """A whole road on it."""
    vhost = f"test-{secrets.token_hex(4)}"
    own_broker.management.add_vhost(vhost)
    rabbitmq.declare(own_broker.url(vhost))
    yield Road(own_broker.url(vhost), own_broker.management)
    own_broker.management.drop_vhost(vhost)


@pytest.fixture
def starved(own_broker):
    """`starved()`: the broker has an alarm and takes no messages, until the test ends or `starved(False)`."""

    def starve(hungry=True):
        own_broker.control("set_vm_memory_high_watermark", "0.00001" if hungry else "0.4")

    yield starve
    starve(False)


def test_a_broker_that_takes_no_messages_is_named_and_waited_for(own_road, serve_on, starved, eventually):
    published = threading.Event()
    starved()
    with capture_logs() as lines:
        service = serve_on(own_road, on(Handler(None)))

        def speak():
            service.link.publish(own_road.envelope(ready()))
            published.set()

        speaker = threading.Thread(target=speak)
        speaker.start()
        eventually(lambda: "broker" in service.health.report()["wrong"])
        assert "memory" in service.health.report()["wrong"]["broker"]
        assert not published.is_set()
        starved(False)
        assert published.wait(20)
        eventually(lambda: service.health.report()["ok"])
    speaker.join()
    told = [line["event"] for line in lines if "takes" in line["event"]]
    assert told == ["the broker takes no messages, what is to be said waits", "the broker takes messages again"]


def test_a_confirm_that_comes_when_nobody_waits_for_it_any_more_ends_the_stall(
    own_road, serve_on, starved, eventually, monkeypatch
):
    monkeypatch.setattr("shared.messaging.rabbitmq.link.STALL_SECONDS", 0.5)
    monkeypatch.setattr("shared.messaging.rabbitmq.link.CONFIRM_SECONDS", 1.0)
    service = serve_on(own_road, on(Handler(None)))
    starved()
    with pytest.raises(RoadClosed, match="no confirm"):
        service.link.publish(own_road.envelope(ready()))
    assert "broker" in service.health.report()["wrong"]
    starved(False)
    eventually(lambda: service.health.report()["ok"], within=20)


def test_a_broker_that_takes_no_messages_holds_no_service_beyond_the_grace_period(own_road, starved, eventually):
    own_road.say(ready())
    with slow_service(own_road.url, "says") as process:
        eventually(lambda: own_road.waiting(QUEUE) > 3, within=20)
        starved()
        process.terminate()
        assert process.wait(TERMINATED_SECONDS) in ENDED
    starved(False)
    eventually(lambda: own_road.consumers(QUEUE) == 0, within=30)


def test_a_broker_that_restarts_with_publications_unconfirmed_loses_none_of_them(
    own_road, own_broker, serve_on, starved, eventually
):
    handler = Handler(lambda: [LOADED])
    service = serve_on(own_road, on(handler))
    told = {own_road.say(ready()).id for _ in range(3)}
    eventually(lambda: own_road.waiting("bi_refresher.warehouse_loaded") == 3)
    outcomes = []

    def speak():
        try:
            service.link.publish(own_road.envelope(ready()))
        except RoadClosed as closed:
            outcomes.append(closed)

    starved()
    speakers = [threading.Thread(target=speak) for _ in range(5)]
    for speaker in speakers:
        speaker.start()
    eventually(lambda: "broker" in service.health.report()["wrong"])
    own_broker.control("stop_app")
    for speaker in speakers:
        speaker.join(30)
    assert len(outcomes) == 5, "whoever waits for a confirm that cannot come is told"
    own_broker.control("start_app")
    eventually(lambda: service.link.is_open, within=30)
    told |= {own_road.say(ready()).id for _ in range(3)}
    eventually(lambda: {e.id for e in handler.handled} == told, within=20)
    eventually(lambda: own_road.waiting(QUEUE) == 0)
    caused = [e.causationid for e in own_road.journal() if isinstance(e.data, WarehouseLoaded)]
    assert set(caused) == told
