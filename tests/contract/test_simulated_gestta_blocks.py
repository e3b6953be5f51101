"""The simulated Gestta: blocks that fail, drag on or break off, chosen by their range; and a report of great size."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from tests.contract.simulated_gestta import NOW, QUARTERS, REPORT, Office, an_office

BLOCKS = [(f"{year}-{first}", f"{year}-{last}") for year in (2025, 2026, 2027) for first, last in QUARTERS]


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def _statuses(office: Office) -> list[int]:
    return [office.report(first, last).status_code for first, last in BLOCKS]


def test_every_block_whose_first_day_matches_fails_and_no_other(office):
    office.fault("500", first_day="2026-04")

    assert _statuses(office) == [200] * 5 + [500] + [200] * 6
    assert office.report("2026-04-15", "2026-05-14").status_code == 500
    assert office.report("2026-05-15", "2026-06-30").status_code == 200


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_third_of_the_blocks_fails_and_halving_them_is_no_way_out(office, phase):
    office.fault("503", one_in=3, phase=phase)
    failing = [block for block, status in zip(BLOCKS, _statuses(office), strict=True) if status == 503]

    assert len(failing) == 4
    for first, last in failing:
        month = f"{first[:5]}{int(first[5:7]) + 1:02d}"
        assert office.report(first, f"{first[:7]}-15").status_code == 503
        assert office.report(f"{month}-01", last).status_code == 503


def test_a_fault_lasts_for_a_period_of_the_simulated_time(office):
    office.fault("500", one_in=1, lasts="20m")
    first = office.report().status_code
    office.clock[0] += timedelta(minutes=21)

    assert (first, office.report().status_code) == (500, 200)


def test_a_fault_by_range_leaves_searches_and_lookups_alone(office):
    office.fault("500", path="", one_in=1)

    assert office.search(limit=1)["total"] > 0
    assert office.report().status_code == 500


def test_a_slow_block_comes_whole_but_its_first_byte_late(office):
    whole = office.rows()
    office.fault("slow", first_day="2026-10", args={"seconds": 0.4})
    asked = time.monotonic()
    answer = office.report(stream=True)
    began = time.monotonic() - asked

    assert began >= 0.4
    assert answer.json() == whole


def test_a_blocks_bytes_may_trickle(office):
    whole = office.rows()
    office.fault("trickle", first_day="2026-10", args={"seconds": 0.6, "pieces": 6})
    asked = time.monotonic()
    with office.report(stream=True) as answer:
        pieces = [(time.monotonic() - asked, piece) for piece in answer.iter_content(4096)]

    assert json.loads(b"".join(piece for _, piece in pieces)) == whole
    assert pieces[-1][0] - pieces[0][0] >= 0.2


def test_a_block_may_break_off_in_the_middle(office):
    office.fault("cut", first_day="2026-10")

    with pytest.raises(requests.RequestException):
        office.report()


def test_a_200_may_hold_an_error_instead_of_rows(office):
    office.fault("other_body", args={"body": {"code": "report.busy", "message": "tente mais tarde"}})

    answer = office.report()
    assert (answer.status_code, answer.json()["code"]) == (200, "report.busy")


def test_an_answer_may_point_to_another_host(office):
    office.fault("redirect", args={"location": "https://elsewhere.example/core", "status": 307})
    answer = office.report()

    assert (answer.status_code, answer.headers["location"]) == (307, "https://elsewhere.example/core")


def test_a_redirect_without_an_address_is_refused(office):
    with pytest.raises(AssertionError, match="location"):
        office.fault("redirect")


def test_the_ledger_names_the_scope_of_each_call(office):
    office.report("2026-10-01", "2026-12-31")
    office.search(status=["OPEN", "DONE"])
    office.task(office.rows()[0]["id"])
    calls = office.door("GET", "/ledger?system=gestta")

    assert [call["scope"] for call in calls] == [
        "report:2026-10-01/2026-12-31", "search:OPEN,DONE", "report:2026-10-01/2026-12-31", "task",
    ]  # fmt: skip


def test_the_ledger_knows_which_version_of_a_row_was_served_when_and_where(office):
    task_id = office.rows()[0]["id"]
    office.clock[0] = NOW + timedelta(minutes=7)
    office.rows()
    office.door("POST", "/world/change", {"ids": [task_id], "set": {"title": "Outro nome"}})
    office.clock[0] = NOW + timedelta(minutes=14)
    office.rows("2026-10-01", "2026-11-15")
    office.task(task_id)
    told = office.door("GET", f"/ledger/served?ids={task_id}")[task_id]

    whole, half = "report:2026-10-01/2026-12-31", "report:2026-10-01/2026-11-15"
    assert [(each["version"], each["first_at"][11:16], each["last_at"][11:16]) for each in told] == [
        (0, "15:00", "15:07"),
        (1, "15:14", "15:14"),
        (1, "15:14", "15:14"),
    ]
    assert [each["last_scope"] for each in told] == [whole, half, "task"]
    assert office.door("GET", f"/truth/tasks?ids={task_id}")["tasks"][task_id]["version"] == 1


@pytest.mark.parametrize("kind", ["cut", "truncated_json", "500"])
def test_rows_that_did_not_arrive_whole_count_as_served_to_nobody(office, kind):
    task_id = office.search(limit=1)["docs"][0]["_id"]
    office.fault(kind)
    for _ in range(2):
        try:
            office.report()
        except requests.RequestException:
            continue
    told = office.door("POST", "/ledger/served", {"ids": [task_id]})[task_id]

    assert [each["kind"] for each in told] == ["search"]


def test_a_reader_who_goes_away_in_the_middle_was_served_nothing(eventually):
    with an_office(tasks_per_quarter=12_000) as office:
        task_id = next(iter(office.truth("2026-10-01", "2026-10-31")))
        with office.report(stream=True) as answer:
            answer.raw.read(1000)
        call = eventually(lambda: next((c for c in office.running.ledger.calls("gestta") if c["took_ms"]), False))

        assert 0 < call["sent_bytes"] < 12_000 * 900
        assert office.door("GET", f"/ledger/served?ids={task_id}")[task_id] == []


def test_a_report_of_a_hundred_megabytes_is_streamed_and_says_every_task_once():
    """By 120,000 rows in one answer; what is asserted is that all are there, and that no answer is held whole."""
    with an_office(tasks_per_quarter=16_000) as office:
        office.behave(report_max_days=2000)
        size, ids, largest = 0, 0, 0
        with office.report("2025-01-01", "2027-12-31", stream=True, timeout=120) as answer:
            assert "content-length" not in answer.headers
            for piece in answer.iter_content(1 << 20):
                size, ids, largest = size + len(piece), ids + piece.count(b'"_due_date":'), max(largest, len(piece))
        call = office.door("GET", "/ledger?system=gestta")[-1]

        assert size > 100_000_000
        assert call["path"] == REPORT
        assert call["sent_bytes"] == size
        assert call["rows"] == len(office.truth("2025-01-01", "2027-12-31"))
        assert call["rows"] - ids < size / (1 << 20)
