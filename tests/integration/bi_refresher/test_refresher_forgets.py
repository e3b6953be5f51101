"""What refreshes left behind goes, and what the next one needs stays however old it is."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.bi_refresher.forget import forgetting
from services.bi_refresher.refresh import Demand, Load
from services.bi_refresher.refresh_log import PostgresRefreshLog
from shared.database.connection import connect
from tests.integration.bi_refresher.test_refresh_log import NOON

pytestmark = pytest.mark.integration

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def engine_of_the_refresher(login_url):
    engine = connect(login_url("bi_refresher"), name="test")
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine_of_the_refresher):
    return PostgresRefreshLog(engine_of_the_refresher)


@pytest.fixture
def forget(engine_of_the_refresher):
    return lambda days: forgetting(engine_of_the_refresher, lambda: NOON + days * DAY).beat()


@pytest.fixture
def left(engine):
    """The loads that asked and the hours of the runs, as the tables hold them."""

    def rows():
        with engine.connect() as connection:
            loads = connection.execute(text("SELECT event_id FROM ops.refresh_requests ORDER BY 1")).scalars()
            runs = connection.execute(text("SELECT started_at FROM ops.refresh_runs ORDER BY 1")).scalars()
            return "".join(loads), [(moment - NOON) // HOUR for moment in runs]

    return rows


def refresh(log, name, hour, *, ends="well", is_said=True):
    log.note(Load(name, "story", None), changed=1, now=NOON + hour * HOUR)
    run = log.begin(now=NOON + hour * HOUR)
    if ends == "well":
        log.succeeded(run, now=run.started_at + HOUR / 2)
        if is_said:
            log.said(run)
    elif ends == "badly":
        log.failed(run, now=run.started_at + HOUR / 2, reason="r", evidence=None)


def test_old_runs_go_after_ninety_days_and_the_loads_they_answered_after_a_hundred(log, forget, left):
    for hour, name in enumerate("abc"):
        refresh(log, name, hour)
    forget(90)
    assert left() == ("abc", [0, 1, 2])
    forget(91)
    assert left() == ("abc", [2])
    forget(101)
    assert left() == ("", [2])


def test_the_newest_start_and_the_newest_success_stay(log, forget, left):
    refresh(log, "a", 0)
    refresh(log, "b", 1)
    for hour in (2, 3):
        refresh(log, "c", hour, ends="badly")
    before = (log.last_refreshed(), log.demand())
    forget(1000)
    assert left() == ("c", [1, 3])
    assert (log.last_refreshed(), log.demand()) == before
    assert log.demand() == Demand(last_started=NOON + 3 * HOUR, pending=1)


def test_where_no_refresh_ever_succeeded_old_failures_go_too(log, forget, left):
    for hour in (0, 1):
        refresh(log, "a", hour, ends="badly")
    forget(1000)
    assert left() == ("a", [1])


def test_what_is_not_said_yet_stays_with_the_loads_it_covers(log, forget, left):
    refresh(log, "a", 0, is_said=False)
    refresh(log, "b", 1)
    forget(1000)
    assert left() == ("a", [0, 1])
    ((run, _),) = log.unsaid()
    assert [load.event_id for load in run.covers] == ["a"]
    log.said(run)
    forget(1000)
    assert left() == ("", [1])


def test_a_run_that_has_not_ended_stays(log, forget, left):
    refresh(log, "a", 0, ends="not yet")
    forget(1000)
    assert left() == ("a", [0])
