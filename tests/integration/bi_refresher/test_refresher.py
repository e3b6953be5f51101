"""The refresher as a process: a real broker, a real database, a real browser, a portal that counts."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import psutil
import pytest

from shared import clock
from shared.contracts.envelope import first
from shared.contracts.events import WarehouseLoaded
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode

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


@pytest.fixture
def refreshers(environment):
    started = []

    def begin():
        started.append(subprocess.Popen([sys.executable, "-m", "services.bi_refresher"], env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def say_loaded(amqp_url, environment):
    """Say that a batch was loaded; returns the event's id."""

    def say(changed=1):
        fact = WarehouseLoaded(
            system="gestta", batch_ref="b", scope="s", inserted=changed, updated=0, unchanged=0, removed=0, rejected=0
        )
        envelope = first(fact, source="/services/test", time=clock.now(), event_id=str(uuid4()))
        with rabbitmq.session(amqp_url, name="test") as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish(
                topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope)
            )
        return envelope.id

    return say


@pytest.fixture
def heard(amqp_url, environment):
    """What the notifier's queue holds, taken out; facts by type."""
    facts = []

    def ask():
        with rabbitmq.session(amqp_url, name="test") as connection:
            channel = connection.channel()
            while (got := channel.basic_get("notifier.incidents", auto_ack=True))[0] is not None:
                facts.append(decode(got[2], content_type=got[1].content_type))
        return facts

    return ask


def presses(simulators):
    told = simulators.portal.refreshes.told(simulators.portal.clock())
    return [datetime.fromisoformat(one["asked_at"]) for one in told]


def browsers(profile):
    return [p for p in psutil.process_iter(["cmdline"]) if any(profile in a for a in p.info["cmdline"] or ())]


def waiting(sql_rows):
    return sql_rows("SELECT count(*) FROM ops.refresh_requests WHERE run_id IS NULL")[0][0]


def test_loads_become_refreshes_a_gap_apart_and_the_last_is_covered(
    start, say_loaded, heard, simulators, sql_rows, eventually
):
    refresher = start()
    loads = [say_loaded()]
    eventually(lambda: presses(simulators), within=40)
    loads += [say_loaded(), say_loaded()]
    eventually(lambda: len(presses(simulators)) == 2, within=40)
    eventually(lambda: waiting(sql_rows) == 0, within=40)
    refreshed = eventually(
        lambda: [e for e in heard() if e.type.endswith("report.refreshed.v1")][1:] and heard(), within=10
    )
    reports = [envelope for envelope in refreshed if envelope.type.endswith("report.refreshed.v1")]
    assert [sorted(envelope.data.covers) for envelope in reports] == [loads[:1], sorted(loads[1:])]
    assert all(late - early >= timedelta(seconds=GAP) for early, late in pairwise(presses(simulators)))
    began = time.monotonic()
    refresher.send_signal(signal.SIGTERM)
    assert refresher.wait(12) == 0
    assert time.monotonic() - began < 10


def test_a_refresher_killed_after_its_click_leaves_no_browser_and_never_clicks_inside_the_gap(
    start, say_loaded, behave, simulators, environment, sql_rows, eventually
):
    behave(refresh_takes=timedelta(seconds=6))
    killed = start()
    say_loaded()
    eventually(lambda: presses(simulators), within=40)
    killed.kill()
    killed.wait()
    eventually(lambda: browsers(environment["BI_PROFILE_DIR"]) == [], within=10)
    start()
    eventually(lambda: waiting(sql_rows) == 0, within=60)
    early, late = presses(simulators)
    assert late - early >= timedelta(seconds=GAP)


def test_a_stop_in_mid_refresh_drains_and_leaves_no_browser(
    start, say_loaded, behave, simulators, environment, sql_rows, eventually
):
    behave(refresh_takes=timedelta(minutes=5))
    refresher = start()
    say_loaded()
    eventually(lambda: presses(simulators), within=40)
    refresher.send_signal(signal.SIGTERM)
    assert refresher.wait(10) == 0
    assert browsers(environment["BI_PROFILE_DIR"]) == []
    assert sql_rows("SELECT outcome, reason FROM ops.refresh_runs") == [
        ("failed", "o serviço foi parado durante a atualização")
    ]
    assert waiting(sql_rows) == 1


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        pytest.param({}, None, "", id="all is right"),
        pytest.param(
            {"BI_PASSWORD": "errada"}, "bi_sign_in", "Sua conta ou senha está incorreta", id="portal password"
        ),
        pytest.param({"BI_URL": "http://127.0.0.1:1"}, "bi_page", "não responde", id="nobody at the address"),
        pytest.param({"DATABASE_PASSWORD": "errada"}, "database", "recusou a senha", id="database password"),
        pytest.param({"BI_EMAIL": ""}, "settings", "BI_EMAIL", id="a variable is missing"),
    ],
)
def test_the_check_tries_everything_and_says_what_is_wrong(environment, simulators, wrong, check, said):
    done = subprocess.run(
        [sys.executable, "-m", "services.bi_refresher", "--check"],
        env=environment | wrong,
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
    assert "errada" not in done.stdout
    assert presses(simulators) == []
