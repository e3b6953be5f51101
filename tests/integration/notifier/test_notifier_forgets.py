"""What the notifier heard and said long ago goes, and what it still needs to know stays."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.notifier.forget import forgetting
from services.notifier.incidents import WHOLE, Failing, Working
from services.notifier.notification_log import NotificationLog
from services.notifier.policy import Reason
from shared.database.connection import connect

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def engine_of_the_notifier(login_url):
    engine = connect(login_url("notifier"), name="test")
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine_of_the_notifier):
    return NotificationLog(engine_of_the_notifier)


@pytest.fixture
def forget(engine_of_the_notifier):
    return lambda days: forgetting(engine_of_the_notifier, lambda: NOON + days * DAY).beat()


@pytest.fixture
def left(engine):
    """The hours at which the incidents opened that are still known."""

    def rows():
        with engine.connect() as connection:
            found = connection.execute(text("SELECT opened_at FROM ops.notifications ORDER BY 1")).scalars()
            return [(moment - NOON) // HOUR for moment in found]

    return rows


def fails(log, hour):
    log.hear([Failing(incident="auth/gestta", member=WHOLE, at=NOON + hour * HOUR)], now=NOON + hour * HOUR)


def works(log, hour):
    log.hear([Working(incident="auth/gestta", member=WHOLE, at=NOON + hour * HOUR)], now=NOON + hour * HOUR)


def say(log, reason):
    (incident,) = log.unfinished(now=NOON + 30 * DAY)
    log.about_to_say(incident, reason)
    log.said(incident, reason, now=NOON, ts="1")


def told_through(log, hour):
    """An incident that people heard of from its beginning to its end."""
    fails(log, hour)
    say(log, Reason.FIRST)
    works(log, hour + 1)
    say(log, Reason.RECOVERED)


def test_incidents_that_are_over_go_after_a_hundred_days_but_for_the_newest_of_each(log, forget, left):
    for hour in (0, 2, 4):
        told_through(log, hour)
    forget(100)
    assert left() == [0, 2, 4]
    forget(101)
    assert left() == [4]


def test_an_incident_that_nobody_was_told_of_goes_too(log, forget, left):
    fails(log, 0)
    works(log, 1)
    told_through(log, 2)
    forget(1000)
    assert left() == [2]


def test_what_is_open_stays_however_old(log, forget, left):
    told_through(log, 0)
    fails(log, 2)
    forget(1000)
    assert left() == [2]


def test_what_is_over_and_not_yet_said_to_be_stays(log, forget, left, engine):
    fails(log, 0)
    say(log, Reason.FIRST)
    works(log, 1)
    with engine.begin() as connection:  # as a notifier would leave it that forgot which is the newest
        connection.execute(
            text(
                "INSERT INTO ops.notifications (incident, opened_at, last_event_at, closed_at, facts)"
                " SELECT incident, opened_at + interval '2 hours', last_event_at, closed_at, facts"
                " FROM ops.notifications"
            )
        )
    forget(1000)
    assert left() == [0, 2]


def test_a_failure_from_before_opens_nothing_after_the_old_is_forgotten(log, forget):
    told_through(log, 0)
    told_through(log, 2)
    forget(1000)
    fails(log, 1)
    assert log.unfinished(now=NOON + 1000 * DAY) == []


def test_handled_facts_go_after_a_hundred_days_and_another_services_do_not(log, forget, engine):
    log.hear([], now=NOON, event_id="e1")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.processed_events (consumer, event_id, outcome, handled_at)"
                " VALUES ('transformer', 't', '{}', :noon)"
            ),
            {"noon": NOON},
        )
        connection.execute(text("UPDATE ops.processed_events SET handled_at = :noon"), {"noon": NOON})

    def handled():
        with engine.connect() as connection:
            return connection.execute(text("SELECT event_id FROM ops.processed_events ORDER BY 1")).scalars().all()

    forget(100)
    assert handled() == ["e1", "t"]
    forget(101)
    assert handled() == ["t"]
