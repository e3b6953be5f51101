"""The simulated Gestta: the task report, its range and its rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests

from tests.contract.simulated_gestta import Office, an_office


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def test_the_report_holds_exactly_the_tasks_due_in_its_range(office):
    rows = office.report().json()

    truth = office.truth("2026-10-01", "2026-12-31")
    assert {row["id"] for row in rows} == set(truth)
    assert len(rows) == len(truth) > 300


def test_reports_of_neighbouring_blocks_share_no_row_and_leave_none_out(office):
    halves = [
        office.report("2026-10-01", "2026-11-10").json(),
        office.report("2026-11-11", "2026-12-31").json(),
    ]
    first, second = ({row["id"] for row in half} for half in halves)

    assert not first & second
    assert first | second == {row["id"] for row in office.report().json()}


def test_a_range_in_utc_loses_the_brazilian_last_day(office):
    last = max(truth["due_date"] for truth in office.truth("2026-11-01", "2026-11-30").values())
    wrong = office.rows("2026-11-01T00:00:00Z", f"{last}T00:00:00Z")
    right = office.report("2026-11-01", f"{last}").json()

    assert {row["id"] for row in wrong} < {row["id"] for row in right}


def test_an_empty_range_is_204_without_a_body(office):
    answer = office.report("2031-01-01", "2031-01-31")

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_range_longer_than_the_limit_of_the_day_is_400(office):
    assert office.report("2026-01-01", "2026-12-31").status_code == 400
    office.behave(report_max_days=20)
    assert office.report().status_code == 400
    assert office.report("2026-11-01", "2026-11-15").status_code == 200


def test_the_report_may_come_under_data(office):
    bare = office.report().json()
    office.behave(report_under_data=True)

    assert office.report().json() == {"data": bare}


def test_report_rows_are_flat_and_lack_the_keys_they_have_no_value_for(office):
    rows = office.report().json()

    assert not any(isinstance(value, dict) for row in rows for value in row.values())
    assert {"customer.name", "company_department.name", "_due_date", "status"} <= rows[0].keys()
    assert all(("conclusion_date" in row) == (row["status"] == "DONE") for row in rows)
    assert any("legal_date" not in row for row in rows)
    assert any("legal_date" in row for row in rows)


def test_a_task_without_an_owner_lacks_the_key_or_has_a_null_parent(office):
    nobody = [row for row in office.report().json() if "owner.name" not in row]

    assert {"owner" in row for row in nobody} == {True, False}
    assert all(row.get("owner") is None for row in nobody)


def test_client_codes_are_padded_text_or_numbers_or_hold_letters(office):
    codes = [row["customer.code"] for row in office.report().json() if "customer.code" in row]

    assert any(isinstance(code, int) for code in codes)
    assert any(isinstance(code, str) and code.startswith("00") for code in codes)
    assert any(isinstance(code, str) and code[0].isalpha() for code in codes)


def test_names_may_hold_escaped_blanks(office):
    texts = [value for row in office.report().json() for value in (row["name"], row["customer.name"])]

    assert any("&#" in text or "&nbsp;" in text for text in texts)


def test_deadlines_are_brazilian_days_written_in_three_ways(office):
    rows = office.year()
    truth = office.truth()
    endings = {row["_due_date"][10:] for row in rows}

    assert endings == {"T03:00:00.000Z", "T02:59:59.999Z", "T00:00:00.000Z"}
    for row in rows:
        moment = datetime.fromisoformat(row["_due_date"])
        bare = row["_due_date"].endswith("T00:00:00.000Z")
        day = moment.date() if bare else (moment - timedelta(hours=3)).date()
        assert day.isoformat() == truth[row["id"]]["due_date"]


def test_late_is_no_status_but_a_flag_of_open_tasks(office):
    late = [row for row in office.report().json() if row["overdue"]]

    assert late
    assert {row["status"] for row in late} <= {"OPEN", "IMPEDIMENT"}


def test_a_report_read_while_the_world_goes_on_is_one_moment(office):
    """Nothing may be counted in two days or in none because it moved during the answer."""
    world, advance = office.running.world, office.running.urls["control"] + "/world/advance?events=300&kind=move"
    with ThreadPoolExecutor(2) as pool:
        moving = pool.submit(requests.post, advance, timeout=20)
        reports = [office.report().json() for _ in range(5)]
        assert moving.result().status_code == 200

    assert all(len({row["id"] for row in rows}) == len(rows) for rows in reports)
    assert world.version == 300
