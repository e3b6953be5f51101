"""`console replay`: facts of the journal, listed first, then given to the one queue they belong to."""

import pytest

from shared.contracts.events import WarehouseLoaded
from shared.messaging import topology
from shared.messaging.codec import decode
from tests.integration.console.conftest import QUEUE, client

pytestmark = pytest.mark.integration

ROWS = "SELECT * FROM operacional.notion_pages ORDER BY page_id"
LAST_HOUR = ("replay", "--system", "notion", "--since", "1h")


def given(road):
    """What lies in the transformer's queue, taken out."""
    return [decode(body) for _, body in road.take(QUEUE)]


def test_without_go_the_facts_are_listed_and_nothing_is_sent(console, road, announced):
    facts = [announced(client(1)), announced(client(2))]
    road.take(QUEUE)

    told = console(*LAST_HOUR)

    assert told.exit_code == 0
    for fact in facts:
        assert fact.data.batch_ref in told.output
    assert f"2 facts: 2 to {QUEUE}" in told.output
    assert "Nothing was sent. Add --go" in told.output
    assert road.waiting(QUEUE) == 0


def test_with_go_each_fact_goes_to_its_queue_alone_under_a_new_id(console, road, announced):
    original = announced(client(1))
    road.take(QUEUE)
    before = len(road.journal())

    told = console(*LAST_HOUR, "--go")

    (again,) = given(road)
    assert again.data == original.data
    assert again.id != original.id
    assert (again.correlationid, again.causationid) == (original.correlationid, original.id)
    assert again.replay is not None
    assert f"Replay {again.replay}: 1 to {QUEUE}, each confirmed by the broker." in told.output
    assert (again.force, again.refresh, again.acceptrejects) == (False, False, False)
    assert len(road.journal()) == before
    assert [s.queue for s in topology.SUBSCRIPTIONS if road.waiting(s.queue)] == []


def test_the_orders_go_with_the_replay(console, road, announced):
    announced(client(1))
    road.take(QUEUE)

    console(*LAST_HOUR, "--go", "--force", "--refresh")

    (again,) = given(road)
    assert (again.force, again.refresh) == (True, True)


@pytest.mark.parametrize("chosen", ["scope", "batch"])
def test_a_choice_may_be_narrower_than_a_time(console, road, announced, chosen):
    wanted, other = announced(client(1), scope="one"), announced(client(2), scope="other")
    road.take(QUEUE)
    value = {"scope": "one", "batch": wanted.data.batch_ref}[chosen]

    told = console(*LAST_HOUR, f"--{chosen}", value, "--go")

    assert [again.data for again in given(road)] == [wanted.data]
    assert other.data.batch_ref not in told.output


def test_a_fact_outside_the_time_or_of_another_system_is_left_alone(console, road, announced):
    announced(client(1))
    road.take(QUEUE)

    for words in (("--system", "gestta", "--since", "1h"), ("--system", "notion", "--since", "2h", "--until", "1h")):
        told = console("replay", *words, "--go")
        assert "0 facts" in told.output
        assert "nothing" in told.output
    assert given(road) == []


def test_a_fact_that_was_said_twice_is_replayed_once(console, road, announced):
    fact = announced(client(1))
    road.say_again(fact)
    road.take(QUEUE)

    assert "1 facts" in console(*LAST_HOUR, "--go").output
    assert len(given(road)) == 1


def test_reruns_leave_the_same_rows(console, road, announced, transformer, office, eventually):
    transformer()
    announced(client(1), client(2))
    announced(client(2, trade_name="Nome novo"), client(3))

    def loads(replayed):
        return office.rows(f"SELECT * FROM ops.loads WHERE replay IS {'NOT NULL' if replayed else 'NULL'}")

    eventually(lambda: len(loads(False)) == 2, within=20)
    before = office.rows(ROWS)
    assert len(before) == 3

    for rerun in (1, 2):
        assert console(*LAST_HOUR, "--go").exit_code == 0
        eventually(lambda n=rerun: len(loads(True)) == 2 * n, within=20)

    assert office.rows(ROWS) == before
    assert {(row["inserted"], row["updated"], row["removed"]) for row in loads(True)} == {(0, 0, 0)}
    assert len(loads(False)) == 2
    followed = [e for e in road.journal() if isinstance(e.data, WarehouseLoaded) and e.replay]
    assert len(followed) == 4, "what follows from a replay says so"


def test_a_time_that_nobody_can_read_is_named(console):
    told = console("replay", "--system", "notion", "--since", "yesterday")
    assert told.exit_code == 2
    assert "'yesterday': write 2h, 3d, 2026-11-23 or 2026-11-23T10:00" in told.output
