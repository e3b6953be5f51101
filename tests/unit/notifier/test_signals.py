"""Facts open and close the incidents that people know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.incidents import Failing, Working
from services.notifier.signals import signals
from shared.contracts.envelope import first
from shared.contracts.events import (
    AuthExpiring,
    AuthFailed,
    AuthRecovered,
    MessageParked,
    ReportRefreshed,
    ReportRefreshFailed,
    SchemaDrifted,
    SourceFailed,
    SourceRecovered,
    TokenSupplied,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
REFUSED = AuthFailed(system="gestta", status=401, hint="expired")
SOON, LATER = NOON + timedelta(minutes=9), NOON + timedelta(hours=2)
PARKED = MessageParked(
    system="gestta", queue="transformer.raw_data_ready", event_id="e", event_type="t", reason="r", attempts=4
)
FAILED_REPORT = ReportRefreshFailed(started_at=NOON, took_seconds=1, covers=(), reason="login page")
MASS = SourceFailed(system="gestta", scope="mass_removal", reason="mass_removal: 120 rows")


def said_by(fact, **attributes):
    return replace(first(fact, source="/services/x", time=NOON, event_id="e1"), **attributes)


@pytest.mark.parametrize(
    ("fact", "opens", "closes"),
    [
        pytest.param(REFUSED, ["auth/gestta"], ["expiring/gestta"], id="a refusal takes the warning's place"),
        pytest.param(replace(REFUSED, still_working=True), [], [], id="a bad token beside a good one is no incident"),
        pytest.param(AuthRecovered(system="notion"), [], ["auth/notion", "expiring/notion"], id="a credential works"),
        pytest.param(
            AuthExpiring(system="gestta", hint="h", expires_at=LATER), ["expiring/gestta"], [], id="time to act"
        ),
        pytest.param(AuthExpiring(system="gestta", hint="h", expires_at=SOON), [], [], id="no time to act"),
        pytest.param(SourceFailed(system="notion", scope="s", reason="500"), ["source/notion"], [], id="a scope fails"),
        pytest.param(SourceRecovered(system="notion", scope="s"), [], ["source/notion"], id="a scope is read"),
        pytest.param(MASS, ["removals/gestta"], [], id="many rows gone wait for a person"),
        pytest.param(
            SourceRecovered(system="gestta", scope="mass_removal"), [], ["removals/gestta"], id="none waits any more"
        ),
        pytest.param(
            SourceFailed(system="warehouse", scope="database", reason="away"),
            ["warehouse/database"],
            [],
            id="an outage",
        ),
        pytest.param(SourceRecovered(system="warehouse", scope="landing"), [], ["warehouse/landing"], id="it is over"),
        pytest.param(SchemaDrifted(system="notion", scope="s", reason="r"), ["drift/notion"], [], id="another shape"),
        pytest.param(FAILED_REPORT, ["report/powerbi"], [], id="a refresh fails"),
        pytest.param(
            ReportRefreshed(started_at=NOON, took_seconds=1, covers=()), [], ["report/powerbi"], id="a refresh succeeds"
        ),
        pytest.param(PARKED, ["message/transformer.raw_data_ready"], [], id="a message is parked"),
        pytest.param(TokenSupplied(system="gestta", by="ana"), [], [], id="a token lies ready: no news yet"),
    ],
)
def test_a_fact_opens_and_closes_its_incidents(fact, opens, closes):
    found = signals(said_by(fact))

    assert opens == [s.incident for s in found if isinstance(s, Failing)]
    assert closes == [s.incident for s in found if isinstance(s, Working)]


@pytest.mark.parametrize("fact", [REFUSED, PARKED, FAILED_REPORT], ids=lambda fact: fact.TYPE)
def test_what_a_replay_caused_alerts_nobody(fact):
    assert signals(said_by(fact, replay="r1")) == ()
