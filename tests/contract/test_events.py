"""One golden sample per fact version, read and written alike; and which queues each fact reaches."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.contracts.envelope import Envelope, batch_event_id, consequence, first
from shared.contracts.events import FACTS, MessageParked, RawDataReady, WarehouseLoaded
from shared.errors import Rejected
from shared.messaging import topology
from shared.messaging.codec import decode, encode

SAMPLES = Path(__file__).parent / "samples"
REACHES = {
    "raw_data.ready.v1.gestta": ("transformer.raw_data_ready",),
    "raw_data.ready.v1.notion": ("transformer.raw_data_ready",),
    "warehouse.loaded.v1.gestta": ("bi_refresher.warehouse_loaded",),
    "warehouse.loaded.v1.notion": ("bi_refresher.warehouse_loaded",),
    "report.refreshed.v1.powerbi": ("notifier.incidents",),
    "report.refresh_failed.v1.powerbi": ("notifier.incidents",),
    "auth.failed.v1.gestta": ("notifier.incidents",),
    "auth.failed.v1.powerbi": ("notifier.incidents",),
    "auth.expiring.v1.gestta": ("notifier.incidents",),
    "auth.recovered.v1.notion": ("notifier.incidents",),
    "source.failed.v1.gestta": ("notifier.incidents",),
    "source.recovered.v1.warehouse": ("notifier.incidents",),
    "source.schema_drifted.v1.notion": ("notifier.incidents",),
    "message.parked.v1.gestta": ("notifier.incidents",),
    "token.supplied.v1.gestta": ("notifier.incidents", "gestta_extractor.commands"),
    "token.supplied.v1.notion": ("notifier.incidents", "notion_extractor.commands"),
    "command.run_now.v1.gestta": ("gestta_extractor.commands",),
    "command.run_now.v1.notion": ("notion_extractor.commands",),
}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_the_sample_of_a_fact_is_read_and_written_alike(fact):
    body = (SAMPLES / f"{fact.TYPE}.json").read_bytes()
    envelope = decode(body)
    assert isinstance(envelope.data, fact)
    assert json.loads(encode(envelope)) == json.loads(body)


@pytest.mark.parametrize(("key", "queues"), REACHES.items(), ids=REACHES)
def test_a_fact_reaches_exactly_the_queues_of_the_design(key, queues):
    assert set(topology.subscribers(key)) == set(queues)


def test_every_fact_is_heard_by_somebody():
    heard = {key.rsplit(".", 1)[0] for key in REACHES if topology.subscribers(key)}
    assert heard == {fact.TYPE for fact in FACTS}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>not ours</html>", id="a page"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
        pytest.param(b'{"specversion":"0.3"}', id="another version"),
        pytest.param(b'{"specversion":"1.0","type":"com.example.thing","id":"1","source":"x"}', id="not our type"),
        pytest.param(
            b'{"specversion":"1.0","type":"operacional.command.run_now.v1","id":"1","source":"x",'
            b'"time":"2026-11-23T12:00:00","data":{"system":"gestta","by":"x"}}',
            id="a time without an offset",
        ),
        pytest.param(
            b'{"specversion":"1.0","type":"operacional.command.run_now.v1","id":"1","source":"x",'
            b'"time":"2026-11-23T12:00:00Z","data":{"system":"sap","by":"x"}}',
            id="a system nobody knows",
        ),
    ],
)
def test_what_is_not_ours_is_rejected_with_a_reason(body):
    with pytest.raises(Rejected):
        decode(body)


def test_a_newer_sender_may_add_fields_and_attributes():
    event = json.loads((SAMPLES / "raw_data.ready.v1.json").read_text(encoding="utf-8"))
    event |= {"traceparent": "00-abc", "data": event["data"] | {"colour": "green"}}
    assert isinstance(decode(json.dumps(event).encode()).data, RawDataReady)


def test_a_consequence_has_one_id_however_often_it_is_derived():
    cause = decode((SAMPLES / "raw_data.ready.v1.json").read_bytes())
    fact = decode((SAMPLES / "warehouse.loaded.v1.json").read_bytes()).data
    now = datetime(2026, 11, 23, tzinfo=UTC)
    once = consequence(cause, fact, source="/services/transformer", time=now)
    assert isinstance(fact, WarehouseLoaded)
    again = consequence(cause, replace(fact, updated=7), source="/services/transformer", time=now)
    assert once.id == again.id
    assert (once.correlationid, once.causationid) == (cause.correlationid, cause.id)


def test_a_replays_orders_are_inherited_by_every_consequence():
    cause = decode((SAMPLES / "raw_data.ready.v1.json").read_bytes())
    ordered: Envelope[RawDataReady] = replace(cause, replay="r1", refresh=True, force=True)
    parked = MessageParked(system="gestta", queue="q", event_id="e", event_type="t", reason="r", attempts=1)
    result = consequence(ordered, parked, source="/x", time=cause.time)
    assert (result.replay, result.refresh, result.force, result.acceptrejects) == ("r1", True, True, False)


def test_a_batch_is_announced_by_one_id():
    assert batch_event_id("gestta/2026/11/23/x") == batch_event_id("gestta/2026/11/23/x")
    assert batch_event_id("gestta/2026/11/23/x") != batch_event_id("gestta/2026/11/23/y")


def test_a_story_begins_with_its_own_id_as_correlation():
    fact = decode((SAMPLES / "command.run_now.v1.json").read_bytes()).data
    envelope = first(fact, source="/x", time=datetime(2026, 11, 23, tzinfo=UTC), event_id="abc")
    assert envelope.correlationid == "abc"


def test_consumer_queues_are_as_the_design_says():
    queues = {queue.name: queue for queue in topology.queues()}
    for subscription in topology.SUBSCRIPTIONS:
        name = subscription.queue
        arguments = queues[name].arguments
        assert arguments["x-queue-type"] == "quorum"
        assert arguments["x-dead-letter-strategy"] == "at-least-once"
        assert arguments["x-overflow"] == "reject-publish"
        assert arguments["x-dead-letter-exchange"] == topology.DEAD
        assert arguments["x-dead-letter-routing-key"] == name
        assert arguments["x-delivery-limit"] == 20
        for delay, milliseconds in (("10s", 10_000), ("1m", 60_000), ("10m", 600_000)):
            retry = queues[f"{name}.retry.{delay}"].arguments
            assert (retry["x-message-ttl"], retry["x-dead-letter-routing-key"]) == (milliseconds, name)
            assert retry["x-dead-letter-exchange"] == ""
        assert queues[f"{name}.dlq"].bindings == ((topology.DEAD, name),)
    assert queues[topology.JOURNAL].arguments == {"x-queue-type": "stream", "x-max-age": "90D"}
