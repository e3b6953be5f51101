"""The simulated Gestta: the task report, its range and its rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests

from tests.contract.simulated_gestta import REPORT, Office, an_office


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


@pytest.mark.parametrize("status", ["400", "422", "500", "504"])
def test_a_longer_range_gets_whichever_error_the_day_has_for_it(office, status):
    office.behave(report_max_days=20, report_too_long=status)

    assert office.report().status_code == int(status)
    assert office.report("2026-11-01", "2026-11-15").status_code == 200


def test_a_longer_range_may_get_no_answer_at_all_until_the_reader_gives_up(office):
    office.behave(report_max_days=20, report_too_long="timeout")

    with pytest.raises(requests.ReadTimeout):
        office.report(timeout=0.3)


def test_a_longer_range_may_end_in_a_connection_that_breaks_off(office):
    office.behave(report_max_days=20, report_too_long="timeout", report_timeout=0.2)

    with pytest.raises(requests.ConnectionError):
        office.report()


def test_a_report_that_gets_no_answer_does_not_hold_up_the_end(eventually, caplog):
    with ThreadPoolExecutor(1) as pool:
        with an_office(tasks_per_quarter=60) as office:
            office.behave(report_max_days=20, report_too_long="timeout")
            asked = pool.submit(office.report)
            eventually(lambda: office.running.ledger.summary()["calls"] == 1)
        assert isinstance(asked.exception(timeout=5), requests.ConnectionError)
    assert not caplog.records, "the server had to cancel it"


def test_the_range_limit_changes_while_it_runs(office):
    statuses = []
    for days in (100, 31, 183):
        office.behave(report_max_days=days)
        statuses.append(office.report("2026-07-01", "2026-12-30").status_code)

    assert statuses == [400, 400, 200]


def test_the_range_counts_even_though_the_filter_says_current_month_or_custom(office):
    dates = {"startDate": "2026-10-01T00:00:00-03:00", "endDate": "2026-12-31T23:59:59-03:00"}
    told = [
        office.call(
            "POST", "/core/customer/task/report", json={"type": "CUSTOMER_TASK", "filter": name, "dates": dates}
        )
        for name in ("CURRENT_MONTH", "CUSTOM")
    ]

    assert told[0].json() == told[1].json() == office.rows()


def test_without_dates_the_report_is_of_the_current_month(office):
    rows = office.call("POST", REPORT, json={"type": "CUSTOMER_TASK"}).json()

    assert {row["id"] for row in rows} == set(office.truth("2026-11-01", "2026-11-30"))


def test_the_report_may_filter_by_the_date_of_creation_instead(office):
    office.behave(report_date="created")
    rows = office.rows("2026-10-01", "2026-10-31")

    assert {_local(row["created_at"])[:7] for row in rows} == {"2026-10"}
    assert any(not _local(row["_due_date"]).startswith("2026-10") for row in rows)


def test_the_report_may_filter_by_the_date_of_conclusion_instead(office):
    office.behave(report_date="concluded")
    rows = office.rows("2026-10-01", "2026-10-31")

    assert {row["status"] for row in rows} == {"DONE"}
    assert {_local(row["conclusion_date"])[:7] for row in rows} == {"2026-10"}
    assert any(not _local(row["_due_date"]).startswith("2026-10") for row in rows)


def _local(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(hours=3)).isoformat()


def test_a_report_read_again_says_what_has_changed_since_and_nothing_else(office):
    """Rows are kept between reports; what an event touched must not be served from before it."""
    before = {row["id"]: row for row in office.rows()}
    chosen = next(row for row in before.values() if row["status"] == "OPEN" and not row["overdue"])
    office.door("POST", "/world/change", {"ids": [chosen["id"]], "set": {"title": "Outro nome"}})
    after = {row["id"]: row for row in office.rows()}

    assert after == before | {chosen["id"]: chosen | {"name": "Outro nome"}}


def test_a_task_becomes_overdue_when_its_day_is_over_although_nothing_touched_it(office):
    before = {row["id"]: row for row in office.rows()}
    office.clock[0] += timedelta(days=3)
    office.token = office.running.gestta.tokens.issue().token
    turned = [row for row in office.rows() if row["overdue"] and not before[row["id"]]["overdue"]]

    assert turned
    assert {_local(row["_due_date"])[:10] for row in turned} <= {"2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"}


def test_a_year_leaves_the_range_on_the_first_of_january_and_its_tasks_stay(office):
    office.door("POST", "/world/clock", {"now": "2027-01-01T03:00:00Z"})
    office.token = office.running.gestta.tokens.issue().token
    row = office.rows("2025-10-01", "2025-12-31")[0]

    assert office.door("GET", "/health")["now"].startswith("2027-01-01T03:00")
    assert office.door("GET", f"/truth/tasks?ids={row['id']}")["missing"] == []
    assert office.task(row["id"]).status_code == 200


def test_the_clock_may_run_faster_than_time(office):
    office.door("POST", "/world/clock", {"now": "2026-11-24T00:00:00Z", "speed": 3600})
    office.clock[0] += timedelta(seconds=2)

    assert office.door("GET", "/health")["now"].startswith("2026-11-24T02:00")
