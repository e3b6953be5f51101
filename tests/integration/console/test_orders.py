"""What a person tells the house: a token, a run, a decision; and what the console says of its state."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared import clock
from shared.contracts.envelope import consequence, first
from shared.contracts.events import AuthFailed, AuthRecovered, RunNow, TokenSupplied
from shared.messaging import topology
from shared.messaging.codec import decode
from tests.integration.console.conftest import QUEUE, client

pytestmark = pytest.mark.integration

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2VncmVkbw"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "tokens"


def test_a_supplied_token_lies_there_for_its_extractors_group_alone(console, road, folder):
    told = console("token", "set", "gestta", "--stdin", "--wait", "0.1s", stdin=f"  {TOKEN}\n")

    assert told.exit_code == 0
    (held,) = folder.iterdir()
    assert held.name == "gestta.token.supplied"
    assert held.read_text(encoding="utf-8") == f"{TOKEN}\n"
    assert stat.S_IMODE(held.stat().st_mode) == 0o660


def test_the_fact_says_whose_token_it_is_and_never_the_token(console, road):
    told = console("token", "set", "gestta", "--stdin", "--wait", "0.1s", stdin=TOKEN)

    (fact,) = road.journal()
    ((properties, body),) = road.take("notifier.incidents")
    assert isinstance(fact.data, TokenSupplied)
    assert fact.data.system == "gestta"
    assert fact.data.by
    assert (road.waiting("gestta_extractor.commands"), road.waiting("notion_extractor.commands")) == (1, 0)
    for said in (body.decode(), str(properties), told.output):
        assert TOKEN not in said


def test_a_token_that_is_typed_is_not_shown(console, road, folder):
    told = console("token", "set", "notion", "--wait", "0.1s", stdin=f"{TOKEN}\n")
    assert told.exit_code == 0
    assert TOKEN not in told.output
    assert (folder / "notion.token.supplied").read_text(encoding="utf-8").strip() == TOKEN


@pytest.mark.parametrize(
    ("fact", "exit_code", "said"),
    [
        (AuthRecovered(system="gestta"), 0, "It works"),
        (
            AuthFailed(system="gestta", status=401, hint="venceu ontem", still_working=True),
            1,
            "it was refused: venceu ontem. The one in use goes on.",
        ),
        (AuthFailed(system="gestta", status=401, hint="venceu ontem"), 1, "No other one works."),
    ],
    ids=["a good one", "a bad one while another works", "a bad one"],
)
def test_whoever_supplies_a_token_is_told_what_became_of_it(console, road, eventually, fact, exit_code, said):
    def extractor():
        eventually(lambda: road.waiting("gestta_extractor.commands") == 1)
        ((_, body),) = road.take("notifier.incidents")  # its copy: a single active consumer's queue gives no peek
        cause = decode(body)
        road.say_again(first(AuthRecovered(system="notion"), source="/t", time=clock.now(), event_id="of another"))
        road.say_again(consequence(cause, fact, source="/services/gestta_extractor", time=clock.now()))

    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(extractor)
        told = console("token", "set", "gestta", "--stdin", "--wait", "20s", stdin=TOKEN)
        answered.result()

    assert told.exit_code == exit_code
    assert said in told.output


def test_nobody_who_answers_is_said_too(console, road):
    told = console("token", "set", "gestta", "--stdin", "--wait", "0.1s", stdin=TOKEN)
    assert told.exit_code == 0
    assert "Nobody has answered yet" in told.output


def test_an_empty_token_is_refused_and_nothing_is_said(console, road, folder):
    told = console("token", "set", "gestta", "--stdin", "--wait", "0.1s", stdin="\n")
    assert told.exit_code == 1
    assert "the token is empty" in told.output
    assert not folder.exists()
    assert road.journal() == []


def test_a_run_is_asked_of_the_one_extractor(console, road):
    assert console("extract", "notion", "--scope", "s-1").exit_code == 0
    assert console("extract", "gestta").exit_code == 0

    asked = [e.data for e in road.journal()]
    assert [(type(fact), fact.system, fact.scope) for fact in asked] == [
        (RunNow, "notion", "s-1"),
        (RunNow, "gestta", "all"),
    ]
    assert road.waiting("notion_extractor.commands") == road.waiting("gestta_extractor.commands") == 1


@pytest.fixture
def waiting(engine):
    """Removals that wait for a person: three of one scope, one of another."""
    with engine.begin() as connection:
        for row_id, scope in (("a", "s-1"), ("b", "s-1"), ("c", "s-1"), ("d", "s-2")):
            connection.execute(
                text(
                    "INSERT INTO ops.pending_removals (system, row_id, scope, asked_at, batch_ref)"
                    " VALUES ('gestta', :row_id, :scope, now(), 'b')"
                ),
                {"row_id": row_id, "scope": scope},
            )


def test_removals_that_wait_are_counted_by_scope(console, waiting):
    lines = console("removals", "list").output.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["gestta", "s-1", "3"], ["gestta", "s-2", "1"]]


@pytest.mark.parametrize(("order", "decision"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_is_recorded_with_who_took_it_for_the_scope_alone(console, waiting, office, order, decision):
    told = console("removals", order, "gestta", "--scope", "s-1")

    assert f"3 removals are {decision}." in told.output
    decided = office.rows("SELECT * FROM ops.pending_removals WHERE decision IS NOT NULL")
    assert {(row["scope"], row["decision"]) for row in decided} == {("s-1", decision)}
    assert all(row["decided_by"] and row["decided_at"] for row in decided)
    assert "0 removals" in console("removals", order, "gestta", "--scope", "s-1").output


def test_status_tells_what_was_read_loaded_opened_and_left_waiting(
    console, road, announced, transformer, office, engine, eventually
):
    transformer()
    announced(client(1), client(2), plan=[("s-1", timedelta(hours=1))], scope="s-1")
    eventually(lambda: office.rows("SELECT * FROM ops.loads"), within=20)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.notifications (incident, opened_at, last_event_at, facts)"
                " VALUES ('auth gestta', now(), now(), '[]')"
            )
        )
    road.put(topology.DEAD, "notifier.incidents", b"x")

    told = console("status")

    assert told.exit_code == 0, told.output
    parts = {part.splitlines()[0]: part for part in told.output.split("\n\n")}
    assert "Open tasks: 0" in told.output
    assert "s-1" in parts["Freshness"]
    assert "notion" in parts["Last loads"]
    assert "auth gestta" in parts["Open incidents"]
    queues = {row.split()[0]: row.split()[1:] for row in parts["Queues"].splitlines()[2:]}
    assert queues[QUEUE] == ["0", "1"]
    assert queues["notifier.incidents.dlq"] == ["1", "0"]
    assert "transformer.raw_data_ready.dlq" not in queues


def test_status_of_an_empty_house_says_that_there_is_nothing(console, road):
    told = console("status")
    assert told.exit_code == 0
    assert told.output.count("(none)") == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"AMQP_URL": "amqp://robot:hunter2@127.0.0.1:1/x"}, "does not answer"),
        ({"DATABASE_URL": "postgresql+psycopg2://console:hunter2@127.0.0.1:1/x"}, "127.0.0.1:1"),
        ({"AMQP_URL": "nonsense"}, "AMQP_URL: is not an address"),
    ],
    ids=["no broker", "no database", "a malformed setting"],
)
def test_what_cannot_be_reached_is_one_sentence_without_a_secret(console, changed, said):
    told = console("status", **changed)
    assert told.exit_code == 1
    text_said = told.output + str(told.exception)
    assert said in text_said
    assert "Traceback" not in text_said
    assert "hunter2" not in text_said
