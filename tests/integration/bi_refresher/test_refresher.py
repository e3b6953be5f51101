"""The refresher as a process: a real broker, a real database, a real browser, a portal that counts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from shared import clock
from shared.contracts.envelope import first
from shared.contracts.events import AuthRecovered, ReportRefreshed, ReportRefreshFailed, WarehouseLoaded
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode
from simulators.serve import Running

pytestmark = pytest.mark.integration

GAP = 12


@pytest.fixture
def environment(chromium, amqp_url, login_url, simulators, tmp_path):
    rabbitmq.declare(amqp_url)
    return os.environ | {
        "AMQP_URL": amqp_url,
        "DATABASE_URL": login_url("bi_refresher"),
        "BI_URL": simulators.urls["portal"],
        "BI_EMAIL": simulators.settings.portal_email,
        "BI_PASSWORD": simulators.settings.portal_password.get_secret_value(),
        "BI_REFRESH_GAP": f"{GAP}s",
        "BI_PROFILE_DIR": str(tmp_path / "profile"),
        "LANDING_URL": str(tmp_path / "landing"),
    }


@dataclass
class Office:
    """A refresher between a broker, a database and a portal, seen from outside."""

    environment: dict
    simulators: Running
    sql_rows: Callable
    started: list = field(default_factory=list)

    def start(self):
        self.started.append(subprocess.Popen([sys.executable, "-m", "services.bi_refresher"], env=self.environment))
        return self.started[-1]

    def load(self):
        """Say that a batch was loaded; returns the event's id."""
        fact = WarehouseLoaded(
            system="gestta", batch_ref="b", scope="s", inserted=1, updated=0, unchanged=0, removed=0, rejected=0
        )
        envelope = first(fact, source="/services/test", time=clock.now(), event_id=str(uuid4()))
        with rabbitmq.session(self.environment["AMQP_URL"], name="test") as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish(
                topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope)
            )
        return envelope.id

    def presses(self):
        told = self.simulators.portal.refreshes.told(self.simulators.portal.clock())
        return [datetime.fromisoformat(one["asked_at"]) for one in told]

    def browsers(self):
        profile = self.environment["BI_PROFILE_DIR"]
        return [p for p in psutil.process_iter(["cmdline"]) if any(profile in a for a in p.info["cmdline"] or ())]

    def waiting(self):
        return self.sql_rows("SELECT count(*) FROM ops.refresh_requests WHERE run_id IS NULL")[0][0]

    def has_refreshed(self, times):
        done = self.sql_rows("SELECT count(*) FROM ops.refresh_runs WHERE outcome = 'refreshed'")[0][0]
        return done == times and self.waiting() == 0


@pytest.fixture
def office(environment, simulators, sql_rows):
    office = Office(environment, simulators, sql_rows)
    yield office
    for process in office.started:
        process.kill()
        process.wait()


@pytest.fixture
def heard(environment):
    """The facts of a kind that reached the notifier's queue so far."""
    facts = []

    def ask(kind):
        with rabbitmq.session(environment["AMQP_URL"], name="test") as connection:
            channel = connection.channel()
            while (got := channel.basic_get("notifier.incidents", auto_ack=True))[0] is not None:
                facts.append(decode(got[2], content_type=got[1].content_type).data)
        return [fact for fact in facts if isinstance(fact, kind)]

    return ask


def test_loads_become_refreshes_a_gap_apart_and_the_last_is_covered(office, heard, eventually):
    refresher = office.start()
    loads = [office.load()]
    eventually(office.presses, within=120)
    loads += [office.load(), office.load()]
    eventually(lambda: office.has_refreshed(2), within=120)
    eventually(lambda: len(heard(ReportRefreshed)) == 2)
    assert [sorted(fact.covers) for fact in heard(ReportRefreshed)] == [loads[:1], sorted(loads[1:])]
    assert len(heard(AuthRecovered)) == 1
    assert all(late - early >= timedelta(seconds=GAP) for early, late in pairwise(office.presses()))
    refresher.send_signal(signal.SIGTERM)
    assert refresher.wait(10) == 0


def test_a_refresher_killed_after_its_click_leaves_no_browser_and_never_clicks_inside_the_gap(
    office, behave, eventually
):
    behave(refresh_takes=timedelta(seconds=6))
    killed = office.start()
    office.load()
    eventually(office.presses, within=120)
    killed.kill()
    killed.wait()
    eventually(lambda: office.browsers() == [])
    office.start()
    eventually(lambda: office.has_refreshed(1), within=120)
    early, late = office.presses()
    assert late - early >= timedelta(seconds=GAP)


def test_a_stop_in_mid_refresh_drains_and_leaves_no_browser(office, behave, eventually):
    behave(refresh_takes=timedelta(minutes=5))
    refresher = office.start()
    office.load()
    eventually(office.presses, within=120)
    refresher.send_signal(signal.SIGTERM)
    assert refresher.wait(10) == 0
    assert office.browsers() == []
    assert office.sql_rows("SELECT outcome, reason FROM ops.refresh_runs") == [
        ("failed", "o serviço foi parado durante a atualização")
    ]
    assert office.waiting() == 1


def test_a_failed_refresh_is_told_and_the_load_waits(office, behave, heard, eventually):
    behave(refresh_fails="O gateway está offline.")
    office.start()
    load = office.load()
    eventually(lambda: heard(ReportRefreshFailed), within=120)
    told = heard(ReportRefreshFailed)[0]
    assert (told.covers, "O gateway está offline." in told.reason) == ((load,), True)
    assert (Path(office.environment["LANDING_URL"]) / told.evidence).is_file()
    assert office.waiting() == 1


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        pytest.param({}, None, "", id="all is right"),
        pytest.param(
            {"BI_PASSWORD": "segredo-marcado"}, "bi_sign_in", "Sua conta ou senha está incorreta", id="portal password"
        ),
        pytest.param({"BI_URL": "http://127.0.0.1:1"}, "bi_page", "não responde", id="nobody at the address"),
        pytest.param({"DATABASE_PASSWORD": "segredo-marcado"}, "database", "recusou a senha", id="database password"),
        pytest.param({"BI_EMAIL": ""}, "settings", "BI_EMAIL", id="a variable is missing"),
    ],
)
def test_the_check_tries_everything_and_says_what_is_wrong(office, wrong, check, said):
    done = subprocess.run(
        [sys.executable, "-m", "services.bi_refresher", "--check"],
        env=office.environment | wrong,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    failed = {answer["check"]: answer["said"] for answer in answers if not answer["ok"]}
    assert done.returncode == (1 if wrong else 0), done.stderr
    assert set(failed) >= ({check} if check else set())
    assert said in failed.get(check, "")
    assert "segredo-marcado" not in done.stdout
    assert office.presses() == []
