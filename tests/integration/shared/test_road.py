"""A message's life on a real broker, from its handler to its end."""

import json

import pika
import pytest
from structlog.testing import capture_logs

from shared.contracts.events import MessageParked, RunNow, SourceFailed, SourceRecovered, WarehouseLoaded
from shared.errors import AuthRejected, Outage, Rejected, RoadClosed, Transient
from shared.messaging import rabbitmq, topology
from shared.messaging.service import On
from shared.replay import dead_letters, redrive
from tests.integration.shared.messages import DEAD, LOADED, QUEUE, Handler, on, ready

pytestmark = pytest.mark.integration

SECRET = "amqp://robot:hunter2@host/v"


def test_what_follows_from_a_message_is_in_the_journal_before_the_handler_goes_on(road, serve, eventually):
    seen = []

    def handler(_event):
        yield LOADED
        seen.append([e for e in road.journal() if isinstance(e.data, WarehouseLoaded)])

    serve(on(handler))
    cause = road.say(ready())
    eventually(lambda: seen, within=30)
    ((consequence,),) = seen
    assert (consequence.causationid, consequence.correlationid) == (cause.id, cause.correlationid)
    assert (consequence.source, consequence.type) == ("/services/transformer", "operacional.warehouse.loaded.v1")
    assert road.waiting("bi_refresher.warehouse_loaded") == 1


def test_a_transient_failure_waits_in_the_broker_and_comes_back_as_the_second_attempt(road, serve, eventually):
    handler = Handler(Transient("not yet"), None)
    with capture_logs() as lines:
        serve(on(handler))
        event = road.say(ready())
        eventually(lambda: road.waiting(topology.retry_queue(QUEUE, "10s")) == 1)
        assert len(handler.handled) == 1
        eventually(lambda: len(handler.handled) == 2, within=25)
        eventually(lambda: road.waiting(QUEUE) == road.waiting(DEAD) == 0)
    assert [envelope.id for envelope in handler.handled] == [event.id] * 2
    told = [(line["outcome"], line["attempt"]) for line in lines if line["event"] == "handled"]
    assert told == [("retry in 10s", 1), ("done", 2)]
    assert road.heard() == []


def test_a_failure_that_stays_is_tried_four_times_and_then_parked(road, serve, eventually):
    handler = Handler(Transient(f"no luck at {SECRET}"))
    serve(on(handler))
    event = road.say(ready())
    for attempt, delay in enumerate(("10s", "1m", "10m"), start=1):
        eventually(lambda d=delay: road.waiting(topology.retry_queue(QUEUE, d)) == 1)
        assert len(handler.handled) == attempt
        road.hand_back(QUEUE, delay)
    eventually(lambda: road.waiting(DEAD) == 1)
    ((properties, _),) = road.take(DEAD)
    headers = properties.headers
    assert (headers["x-attempt"], headers["x-handler"]) == (4, "transformer")
    assert headers["x-reason"].startswith("Transient: no luck")
    assert headers["x-time"]
    (parked,) = road.heard()
    assert isinstance(parked.data, MessageParked)
    assert (parked.data.queue, parked.data.event_id, parked.data.attempts) == (QUEUE, event.id, 4)
    assert parked.causationid == event.id
    assert "hunter2" not in parked.data.reason + str(headers)


@pytest.mark.parametrize(
    "error", [Rejected("never"), AuthRejected("gestta", 401, "no")], ids=["rejected", "a refused credential"]
)
def test_what_will_never_work_is_parked_at_once(road, serve, eventually, error):
    handler = Handler(error)
    serve(on(handler))
    road.say(ready())
    eventually(lambda: road.waiting(DEAD) == 1)
    assert len(handler.handled) == 1
    assert [type(e.data) for e in road.heard()] == [MessageParked]


def test_a_message_parked_again_after_a_redrive_is_news_and_a_redelivery_of_that_parking_is_not(
    road, serve, eventually
):
    serve(on(Handler(Rejected("never"))))
    road.say(ready())
    eventually(lambda: road.waiting(DEAD) == 1)
    with rabbitmq.session(road.url, name="test") as connection:
        assert redrive(connection, QUEUE, lambda _: True, accept_rejects=False) == 1
    eventually(lambda: road.waiting(DEAD) == 1)
    eventually(lambda: road.waiting("notifier.incidents") == 2)
    ((properties, body),) = road.take(DEAD)
    # As it comes again where the connection was lost between its parking and its acknowledgement.
    road.put("", QUEUE, body, properties)
    eventually(lambda: road.waiting("notifier.incidents") == 3)
    first, second, again = (envelope.id for envelope in road.heard())
    assert first != second == again


UNREADABLE = {
    "not JSON": (b"<html>", None),
    "nothing": (b"", None),
    "another content type": (b"{}", pika.BasicProperties(content_type="text/html")),
    "headers of a stranger": (b"{", pika.BasicProperties(headers={"x-attempt": "many", "a": {"b": [1]}})),
    "a fact of another queue": (
        json.dumps(
            {
                "specversion": "1.0",
                "id": "e",
                "source": "/x",
                "time": "2026-11-23T12:00:00Z",
                "type": "operacional.token.supplied.v1",
                "data": {"system": "gestta", "by": "x"},
            }
        ).encode(),
        None,
    ),
}


@pytest.mark.parametrize(("body", "properties"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_message_that_is_not_ours_is_parked_and_the_next_is_handled(road, serve, eventually, body, properties):
    handler = Handler(None)
    serve(on(handler))
    road.put("", QUEUE, body, properties)
    road.say(ready())
    eventually(lambda: len(handler.handled) == 1)
    eventually(lambda: road.waiting(DEAD) == 1)
    ((_, parked),) = road.take(DEAD)
    assert parked == body
    assert [type(e.data) for e in road.heard()] == [MessageParked]


def test_an_error_whose_words_nobody_can_write_is_parked_all_the_same(road, serve, eventually):
    handler = Handler(Rejected("a row with \ud800 in it"), None)
    serve(on(handler))
    road.say(ready())
    road.say(ready())
    eventually(lambda: len(handler.handled) == 2)
    eventually(lambda: road.waiting(DEAD) == 1)
    (parked,) = road.heard()
    assert r"\ud800" in parked.data.reason


def test_a_parked_message_parked_says_nothing_further(road, serve, eventually):
    queue = "notifier.incidents"
    handler = Handler(Rejected("never"))
    serve(On(queue, {MessageParked: handler}), name="notifier")
    road.say(MessageParked(system="gestta", queue=QUEUE, event_id="e", event_type="t", reason="r", attempts=1))
    eventually(lambda: road.waiting(topology.dead_letters(queue)) == 1)
    eventually(lambda: road.waiting(queue) == 0)
    assert len(handler.handled) == 1


def test_an_outage_is_told_once_never_counted_and_its_end_is_told_once(road, serve, eventually):
    away = Outage("database", f"{SECRET} is away")
    handler = Handler(away, away, away, None)
    service = serve(on(handler))
    road.say(ready())
    for round_trip in range(1, 4):
        eventually(lambda n=round_trip: len(handler.handled) == n)
        eventually(lambda: road.waiting(topology.retry_queue(QUEUE, "1m")) == 1)
        assert "database" in service.health.report()["wrong"]
        ((properties, body),) = road.take(topology.retry_queue(QUEUE, "1m"))
        assert properties.headers["x-attempt"] == 1
        road.put("", QUEUE, body, properties)
    eventually(lambda: service.health.report()["ok"])
    road.say(ready())
    eventually(lambda: len(handler.handled) == 5)
    eventually(lambda: road.waiting(QUEUE) == 0)
    failed, recovered = (e.data for e in road.heard())
    assert (type(failed), failed.system, failed.scope) == (SourceFailed, "warehouse", "database")
    assert "hunter2" not in failed.reason
    assert (type(recovered), recovered.scope) == (SourceRecovered, "database")


def test_the_first_success_after_a_start_also_says_recovered(road, serve, eventually):
    serve(on(Handler(None), proves=("database", "landing")))
    road.say(ready())
    road.say(ready())
    eventually(lambda: road.waiting("notifier.incidents") == 2)
    assert {e.data.scope for e in road.heard()} == {"database", "landing"}


def test_a_message_that_cannot_be_set_aside_comes_again(road, serve, eventually):
    handler = Handler(Transient("not yet"))
    serve(on(handler))
    road.management.ask("DELETE", f"queues/{road.vhost}/{topology.retry_queue(QUEUE, '10s')}")
    road.say(ready())
    eventually(lambda: len(handler.handled) >= 2, within=15)
    rabbitmq.declare(road.url)
    eventually(lambda: road.waiting(topology.retry_queue(QUEUE, "10s")) == 1, within=15)


def test_what_comes_back_too_often_is_parked_by_the_broker_and_can_be_redriven(road, serve, eventually, monkeypatch):
    monkeypatch.setattr("shared.messaging.worker.GIVE_BACK_SECONDS", 0)
    handler = Handler(RoadClosed("as if the service died of it"))
    service = serve(on(handler))
    event = road.say(ready())
    eventually(lambda: road.waiting(DEAD) == 1, within=30)
    assert len(handler.handled) == topology.DELIVERY_LIMIT + 1
    assert road.waiting(QUEUE) == 0

    with rabbitmq.session(road.url, name="test") as connection:
        (letter,) = dead_letters(connection, [QUEUE])
    assert (letter.event_id, letter.reason) == (event.id, "the broker gave up: delivery_limit")

    handler.outcomes = [None]
    with rabbitmq.session(road.url, name="test") as connection:
        assert redrive(connection, QUEUE, lambda _: True, accept_rejects=False) == 1
    eventually(lambda: len(handler.handled) == topology.DELIVERY_LIMIT + 2)
    eventually(lambda: road.waiting(QUEUE) == road.waiting(DEAD) == 0)
    assert service.link.is_whole


def test_of_two_that_take_commands_one_gets_them_and_the_other_takes_over(road, serve, eventually):
    queue, command = "gestta_extractor.commands", RunNow(system="gestta", scope="all", by="ana")
    handlers = [Handler(None), Handler(None)]
    first = serve(On(queue, {RunNow: handlers[0]}), name="gestta_extractor")
    eventually(lambda: road.consumers(queue) == 1)
    second = serve(On(queue, {RunNow: handlers[1]}), name="gestta_extractor")
    eventually(lambda: second.health.report()["ok"])  # the broker counts the active consumer alone
    for _ in range(3):
        road.say(command)
    eventually(lambda: len(handlers[0].handled) == 3)
    assert handlers[1].handled == []
    first.stop.set()
    eventually(lambda: not first.link.is_open)
    road.say(command)
    eventually(lambda: len(handlers[1].handled) == 1)
    assert len(handlers[0].handled) == 3
