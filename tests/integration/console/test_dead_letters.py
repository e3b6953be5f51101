"""`console dead`: what a service could not handle, seen and given back."""

from dataclasses import replace

import pytest

from shared.contracts.events import WarehouseLoaded
from shared.messaging import topology
from shared.messaging.codec import decode
from tests.integration.console.conftest import QUEUE, client

pytestmark = pytest.mark.integration

DEAD = topology.dead_letters(QUEUE)


@pytest.fixture
def parked(road, announced):
    """`parked("c-1", …)`: a fact in the `.dlq` as the road parks it; returns its envelope."""

    def park(number, reason="Transient: no luck"):
        fact = announced(client(number))
        ((properties, body),) = road.take(QUEUE)
        properties.headers = {
            "x-reason": reason, "x-attempt": 4, "x-handler": "transformer", "x-time": "2026-11-24T12:00:00+00:00",
        }  # fmt: skip
        road.put(topology.DEAD, QUEUE, body, properties)
        return fact

    return park


def test_dead_letters_are_listed_with_their_story_and_left_where_they_are(console, road, parked):
    facts = [parked(1), parked(2, "Rejected: more than 20% of the rows cannot be read")]

    for _ in range(2):
        told = console("dead", "list")
        assert told.exit_code == 0
        for words in (*(fact.id for fact in facts), QUEUE, "raw_data.ready.v1", facts[0].data.scope, "no luck", "20%"):
            assert words in told.output
    assert road.waiting(DEAD) == 2
    assert "(none)" in console("dead", "list", "--queue", "notifier.incidents").output


def test_what_is_not_ours_is_listed_too(console, road):
    road.put(topology.DEAD, QUEUE, b"<html>")
    told = console("dead", "list")
    assert told.exit_code == 0
    assert "the broker gave up" in told.output


def test_without_go_nothing_is_redriven(console, road, parked):
    parked(1)
    told = console("dead", "redrive", "--queue", QUEUE)
    assert f"1 dead letters would go back to {QUEUE}" in told.output
    assert (road.waiting(DEAD), road.waiting(QUEUE)) == (1, 0)


def test_a_redriven_message_keeps_its_id_and_begins_its_attempts_anew(console, road, parked):
    facts = [parked(1), parked(2)]

    told = console("dead", "redrive", "--queue", QUEUE, "--go")

    assert f"2 dead letters went back to {QUEUE}, each confirmed by the broker." in told.output
    assert road.waiting(DEAD) == 0
    back = road.take(QUEUE)
    assert [decode(body) for _, body in back] == facts
    for (properties, _), fact in zip(back, facts, strict=True):
        assert (properties.message_id, properties.type) == (fact.id, fact.type)
        assert not {"x-reason", "x-attempt", "x-handler", "x-time", "x-death"} & set(properties.headers or {})


def test_one_message_may_be_redriven_alone(console, road, parked):
    parked(1)
    wanted = parked(2)

    console("dead", "redrive", "--queue", QUEUE, "--id", wanted.id, "--go")

    assert [decode(body).id for _, body in road.take(QUEUE)] == [wanted.id]
    assert road.waiting(DEAD) == 1


def test_a_batch_with_too_many_bad_rows_is_loaded_only_when_a_person_accepts_them(
    console, road, announced, transformer, office, eventually
):
    transformer()
    bad = client(1) | {"last_edited_time": "never"}
    fact = announced(bad, client(2))
    eventually(lambda: road.waiting(DEAD) == 1, within=20)
    assert office.rows("SELECT * FROM operacional.notion_pages") == []

    console("dead", "redrive", "--queue", QUEUE, "--go")
    eventually(lambda: road.waiting(QUEUE) == 0 and road.waiting(DEAD) == 1, within=20)

    told = console("dead", "redrive", "--queue", QUEUE, "--accept-rejects", "--go")
    assert "1 dead letters went back" in told.output
    eventually(lambda: office.rows("SELECT * FROM ops.loads"), within=20)
    (load,) = office.rows("SELECT * FROM ops.loads")
    assert (load["event_id"], load["inserted"], load["rejected"]) == (fact.id, 1, 1)
    assert len(office.rows("SELECT * FROM ops.rejected_rows")) == 1
    eventually(lambda: [e for e in road.journal() if isinstance(e.data, WarehouseLoaded)])
    assert road.waiting(DEAD) == 0


def test_accepting_rejects_leaves_what_nobody_can_read_and_takes_the_rest(console, road, parked):
    road.put(topology.DEAD, QUEUE, b"<html>")
    fact = parked(1)

    told = console("dead", "redrive", "--queue", QUEUE, "--accept-rejects", "--go")

    assert "1 dead letters went back" in told.output
    (back,) = (decode(body) for _, body in road.take(QUEUE))
    # No replay: its load is news, which the report and the alerts follow.
    assert back == replace(fact, acceptrejects=True)
    assert [body for _, body in road.take(DEAD)] == [b"<html>"]


def test_a_queue_that_nobody_knows_is_refused_with_the_ones_there_are(console):
    told = console("dead", "redrive", "--queue", "transformer.raw_data", "--go")
    assert told.exit_code == 2
    assert QUEUE in told.output
