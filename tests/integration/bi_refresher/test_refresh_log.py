"""The refresher's memory, with its own login on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from services.bi_refresher.refresh import Demand, Load
from services.bi_refresher.refresh_log import PostgresRefreshLog
from shared.database.connection import connect
from shared.errors import Outage

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A, B = Load("a", "story of a", None), Load("b", "story of b", "R1")


@pytest.fixture
def engine_of_the_refresher(login_url):
    engine = connect(login_url("bi_refresher"), name="test")
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine_of_the_refresher):
    return PostgresRefreshLog(engine_of_the_refresher)


def test_a_load_asks_once_also_after_it_was_answered(log):
    log.note(A, changed=3, now=NOON)
    log.note(A, changed=3, now=NOON)
    run = log.begin(now=NOON)
    log.succeeded(run, now=NOON)
    log.note(A, changed=3, now=NOON + MINUTE)
    assert log.demand() == Demand(last_started=NOON, pending=0)


def test_a_run_covers_what_waits_when_it_begins_and_answers_no_more(log):
    log.note(A, changed=1, now=NOON)
    run = log.begin(now=NOON)
    log.note(B, changed=1, now=NOON + MINUTE)
    log.succeeded(run, now=NOON + 2 * MINUTE)
    assert run.covers == (A,)
    assert log.demand().pending == 1
    assert log.begin(now=NOON + 3 * MINUTE).covers == (B,)


def test_a_run_that_ended_well_is_to_be_said_with_what_it_covers_until_it_was(log):
    log.note(A, changed=1, now=NOON)
    log.note(B, changed=1, now=NOON + MINUTE)
    run = log.begin(now=NOON + MINUTE)
    assert log.unsaid() == []
    log.succeeded(run, now=NOON + 2 * MINUTE)
    assert log.unsaid() == [(run, NOON + 2 * MINUTE)]
    assert run.covers == (A, B)
    log.said(run)
    assert log.unsaid() == []


def test_a_failed_run_leaves_its_loads_waiting_and_counts_for_the_gap_not_as_refreshed(log):
    log.note(A, changed=1, now=NOON)
    log.failed(log.begin(now=NOON), now=NOON + MINUTE, reason="offline", evidence="evidence/x.png")
    assert log.demand() == Demand(last_started=NOON, pending=1)
    assert log.last_refreshed() is None


def test_the_start_moves_to_the_click(log):
    log.note(A, changed=1, now=NOON)
    run = log.begin(now=NOON)
    log.starts(run, now=NOON + MINUTE)
    assert log.demand().last_started == NOON + MINUTE


def test_a_run_whose_refresher_died_is_ended_by_the_next(log, engine, sql_rows):
    log.note(A, changed=1, now=NOON)
    log.begin(now=NOON)
    log.begin(now=NOON + 13 * MINUTE)
    assert sql_rows("SELECT outcome, reason FROM ops.refresh_runs ORDER BY run_id") == [
        ("failed", "o serviço caiu durante a atualização"),
        (None, None),
    ]


def test_one_refresher_works_at_a_time_and_a_death_frees_the_lock(log, login_url, sql_rows):
    other_engine = connect(login_url("bi_refresher"), name="other")
    other = PostgresRefreshLog(other_engine)
    with log.alone() as first, other.alone() as second:
        assert (first, second) == (True, False)
    with other.alone() as now_free:
        assert now_free
    other_engine.dispose()


def test_a_lost_database_is_an_outage(login_url):
    engine = connect(login_url("bi_refresher").replace("127.0.0.1", "127.0.0.2"), name="nowhere")
    nowhere = PostgresRefreshLog(engine)
    with pytest.raises(Outage):
        nowhere.demand()
    with pytest.raises(Outage), nowhere.alone():
        pass
    engine.dispose()
