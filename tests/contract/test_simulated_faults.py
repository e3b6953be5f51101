"""Faults by order of the control door, and whom they strike."""

import time
from collections.abc import Iterator

import pytest
import requests

from simulators.serve import Running, start
from simulators.settings import on_free_ports
from tests.contract.simulated_control import clients, door, order, search


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    settings = on_free_ports(tasks_per_quarter=300, clients=150, people=15)
    with start(settings) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_fault_is_left(running: Running) -> None:
    running.faults.clear()


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504, 529])
def test_a_status_is_played_once_and_then_all_is_well(running, status):
    order(running, str(status))

    assert [search(running).status_code for _ in range(2)] == [status, 200]


def test_a_429_says_when_to_come_back(running):
    order(running, "429", args={"retry_after": 3})

    assert search(running).headers["Retry-After"] == "3"


def test_a_fault_waits_for_its_turn_and_lasts_as_long_as_told(running):
    order(running, "500", after=1, times=2)

    assert [search(running).status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_without_an_end_lasts_until_it_is_taken_back(running):
    order(running, "503", times=0)
    assert {search(running).status_code for _ in range(4)} == {503}
    assert door(running, "GET", "/faults").json()[0]["played"] == 4

    door(running, "DELETE", "/faults")
    assert search(running).status_code == 200


def test_a_fault_strikes_only_its_system_method_and_path(running):
    order(running, "500", path="/core/customer/task/report", times=0)
    order(running, "500", method="GET", times=0)

    assert search(running).status_code == 200
    assert clients(running).status_code == 200


def test_notion_refuses_in_its_own_words(running):
    door(running, "POST", "/faults", {"system": "notion", "kind": "429"})

    assert clients(running).json()["code"] == "rate_limited"


def test_a_cut_answer_ends_in_a_reset_connection(running):
    order(running, "cut")

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        search(running, limit=100)


def test_truncated_json_is_framed_well_and_cannot_be_read(running):
    order(running, "truncated_json")
    answer = search(running)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_html_may_come_where_json_is_due(running):
    order(running, "html")

    assert search(running).text.startswith("<!doctype html>")


def test_an_empty_answer_has_no_byte(running):
    order(running, "empty")

    assert (search(running).status_code, search(running).status_code) == (200, 200)
    order(running, "empty")
    assert search(running).content == b""


def test_a_slow_answer_comes_whole_but_late(running):
    order(running, "slow", args={"seconds": 0.4})
    asked = time.monotonic()

    assert search(running).json()["docs"]
    assert time.monotonic() - asked >= 0.4


def test_a_duplicate_page_serves_the_rows_of_the_one_before(running):
    order(running, "duplicate_page")
    first, second, third = ([row["_id"] for row in search(running, page=page).json()["docs"]] for page in (1, 2, 3))

    assert first == second
    assert not set(third) & set(first)


def test_a_short_page_lacks_half_of_its_rows_and_says_nothing(running):
    whole = search(running).json()
    order(running, "short_page")
    short = search(running).json()

    assert len(short["docs"]) == len(whole["docs"]) // 2
    assert short["total"] == whole["total"]


def test_an_expired_cursor_strikes_only_who_shows_one(running):
    door(running, "POST", "/faults", {"system": "notion", "kind": "expired_cursor"})
    first = clients(running).json()
    second = clients(running, start_cursor=first["next_cursor"])

    assert (second.status_code, second.json()["code"]) == (400, "validation_error")
    assert "start_cursor provided is invalid" in second.json()["message"]
    assert clients(running, start_cursor=first["next_cursor"]).status_code == 200


def test_a_repeated_cursor_leads_back_to_the_same_page(running):
    cursor = clients(running, page_size=20).json()["next_cursor"]
    door(running, "POST", "/faults", {"system": "notion", "kind": "repeated_cursor"})

    assert clients(running, page_size=20, start_cursor=cursor).json()["next_cursor"] == cursor


def test_a_fault_that_does_not_exist_is_refused_in_words(running):
    answer = door(running, "POST", "/faults", {"system": "gestta", "kind": "earthquake"})

    assert answer.status_code == 400
    assert "kind" in answer.json()["error"]
