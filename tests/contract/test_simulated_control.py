"""The control door: ledger, settings, the world's pace, and the process itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from simulators.serve import Running, start
from simulators.settings import on_free_ports
from tests.contract.simulated_control import clients, door, order, search

PORTS = {f"SIM_{name}_PORT": "0" for name in ("GESTTA", "NOTION", "SLACK", "PORTAL", "CONTROL")}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    settings = on_free_ports(tasks_per_quarter=300, clients=150, people=15)
    with start(settings) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_fault_is_left(running: Running) -> None:
    running.faults.clear()


def test_the_ledger_holds_each_call_with_its_rows_and_its_fault(running):
    since = datetime.now(UTC).isoformat()
    search(running, limit=7)
    order(running, "500")
    search(running)
    clients(running, page_size=9)
    calls = requests.get(running.urls["control"] + "/ledger", params={"since": since}, timeout=10).json()

    assert [(call["system"], call["status"], call["rows"], call["fault"]) for call in calls] == [
        ("gestta", 200, 7, None),
        ("gestta", 500, None, "500"),
        ("notion", 200, 9, None),
    ]


def test_the_same_rows_have_the_same_digest_in_any_order(running):
    since = datetime.now(UTC).isoformat()
    for _ in range(2):
        search(running, limit=7)
    search(running, limit=8)
    calls = requests.get(
        running.urls["control"] + "/ledger", params={"since": since, "system": "gestta"}, timeout=10
    ).json()

    assert calls[0]["ids"] == calls[1]["ids"] != calls[2]["ids"]


def test_the_summary_counts_by_path_without_ids(running):
    before = _count(running, "/core/customer/task/{id}")
    task = search(running).json()["docs"][0]["_id"]
    token = running.gestta.tokens.issue().token
    url = f"{running.urls['gestta']}/core/customer/task/{task}"
    requests.get(url, headers={"Authorization": f"JWT {token}"}, timeout=10)

    assert _count(running, "/core/customer/task/{id}") == before + 1


def _count(running: Running, path: str) -> int:
    rows = door(running, "GET", "/ledger/summary").json()["by_path"]
    return sum(row["calls"] for row in rows if row["path"] == path)


def test_tokens_are_issued_for_as_long_as_asked_and_ended_at_once(running):
    issued = door(running, "POST", "/gestta/token/issue?life=90s").json()
    headers = {"Authorization": f"JWT {issued['token']}"}
    me = running.urls["gestta"] + "/core/company/user/me"
    life = datetime.fromisoformat(issued["expires_at"]) - datetime.now(UTC)
    assert 80 < life.total_seconds() <= 90
    assert requests.get(me, headers=headers, timeout=10).status_code == 200

    door(running, "POST", "/gestta/token/expire")
    assert requests.get(me, headers=headers, timeout=10).status_code == 401


def test_settings_are_changed_one_by_one_and_unknown_ones_refused(running):
    assert door(running, "POST", "/gestta/settings", {"report_max_days": 31}).json()["report_max_days"] == 31
    assert door(running, "POST", "/gestta/settings", {"report_max_days": 100}).json()["refuse_with"] == 401
    assert door(running, "POST", "/gestta/settings", {"colour": "blue"}).status_code == 400
    assert door(running, "POST", "/gestta/settings", {"report_max_days": "many"}).status_code == 400
    assert door(running, "POST", "/gestta/settings", {"changed": 1}).status_code == 400
    assert door(running, "POST", "/portal/settings", {"language": "tlh"}).status_code == 400
    assert door(running, "POST", "/portal/settings", {"refresh_takes": "2s"}).json()["refresh_takes"] == 2


def test_the_world_moves_only_as_far_as_told(running):
    before = door(running, "GET", "/health").json()["version"]
    answer = door(running, "POST", "/world/advance?events=25").json()

    assert answer["version"] == before + 25 == door(running, "GET", "/health").json()["version"]
    assert sum(answer["happened"].values()) == 25


def test_one_kind_of_event_can_be_asked_for(running):
    assert door(running, "POST", "/world/advance?events=2&kind=finish").json()["happened"] == {"finish": 2}
    assert door(running, "POST", "/world/advance?kind=revolution").status_code == 400


def test_both_truths_are_of_one_moment(running):
    told = door(running, "GET", "/truth").json()
    first_day = f"{datetime.now(UTC).year - 1}-01-01"
    in_range = {task_id for task_id, task in told["tasks"].items() if task["due_date"] >= first_day}

    assert {row["task_id"] for row in told["rows"]} == in_range
    assert told["version"] == door(running, "GET", "/truth/gestta").json()["version"]


def test_a_month_can_be_erased_and_generated_anew_later(running):
    erased = door(running, "POST", "/world/erase", {}).json()
    tasks = door(running, "GET", "/truth/gestta").json()["tasks"]
    assert erased["erased"]
    assert not set(erased["erased"]) & tasks.keys()

    anew = door(running, "POST", "/world/regenerate").json()["generated"]
    assert len(anew) == len(erased["erased"])
    assert set(anew) <= door(running, "GET", "/truth/gestta").json()["tasks"].keys()


def test_a_month_can_be_erased_and_generated_anew_at_once(running):
    told = door(running, "POST", "/world/erase", {"regenerate": True}).json()

    assert len(told["generated"]) == len(told["erased"]) > 0


def test_an_erasure_that_finds_nothing_says_so(running):
    answer = door(running, "POST", "/world/erase", {"client_code": "nobody"})

    assert answer.status_code == 400
    assert "no untouched" in answer.json()["error"]


def test_the_world_goes_on_by_itself_until_it_is_paused():
    settings = on_free_ports(tasks_per_quarter=60, clients=20, people=10, events_per_minute=6000)
    with start(settings) as running:
        _until(lambda: running.world.version > 20)
        door(running, "POST", "/world/pause")
        stood = running.world.version
        door(running, "POST", "/world/resume")
        _until(lambda: running.world.version > stood + 20)


def _until(happened: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_stopping_twice_is_once_and_frees_the_ports():
    settings = on_free_ports()
    running = start(settings)
    port = int(running.urls["gestta"].rsplit(":", 1)[1])
    running.stop()
    running.stop()

    again = start(settings.model_copy(update={"gestta_port": port}))
    again.stop()


def _process(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulators"],
        env={**os.environ, **PORTS, "SIM_TASKS_PER_QUARTER": "300", "SIM_CLIENTS": "40", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_process_says_one_line_and_ends_within_two_seconds_of_sigterm():
    with _process() as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        control = next(word for word in line.split() if word.startswith("http") and word != "http")
        assert requests.get(control.rstrip(), timeout=5).status_code in (200, 404)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=10)

    assert time.monotonic() - asked < 2
    assert (process.returncode, rest, errors) == (0, "", "")
    assert line.startswith("simulators: ")


def test_a_slow_answer_does_not_hold_up_the_end():
    settings = on_free_ports()
    with ThreadPoolExecutor(1) as pool:
        with start(settings) as running:
            order(running, "slow", args={"seconds": 60})
            asked = pool.submit(search, running)
            _until(lambda: running.faults.told()[0]["played"] == 1)
            began = time.monotonic()
        assert time.monotonic() - began < 2
        assert isinstance(asked.exception(timeout=5), requests.ConnectionError)


def test_a_port_that_is_taken_is_named_with_its_variable(running):
    port = running.urls["slack"].rsplit(":", 1)[1]
    with _process(SIM_SLACK_PORT=port) as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "SIM_SLACK_PORT" in errors


def test_a_wrong_setting_is_named_before_anything_starts():
    with _process(SIM_GESTTA_TOKEN="no token", SIM_CLIENTS="-3") as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "gestta_token" in errors
    assert "clients" in errors
