"""The simulated Gestta: the search, a task by its id, and the lists of names."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.contract.simulated_gestta import Office, an_office


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def test_the_search_takes_only_the_first_of_several_statuses(office):
    both = office.search(status=["OPEN", "DONE"], limit=1)
    first = office.search(status=["OPEN"], limit=1)

    assert both["total"] == first["total"]
    office.behave(unite_statuses=True)
    assert office.search(status=["OPEN", "DONE"], limit=1)["total"] > first["total"]


def test_the_search_counts_its_pages_and_serves_every_row_once(office):
    body = {"status": ["OPEN"], "limit": 100, "os_workflow": True}
    first = office.search(**body)
    ids = [row["_id"] for page in range(1, first["pages"] + 1) for row in office.search(**body, page=page)["docs"]]

    assert first.keys() == {"docs", "total", "limit", "page", "pages"}
    assert len(ids) == len(set(ids)) == first["total"]


def test_the_search_shows_ten_rows_unless_asked_for_more(office):
    assert len(office.search()["docs"]) == 10


def test_the_search_hides_workflow_tasks_unless_asked(office):
    assert office.search(os_workflow=True, limit=1)["total"] > office.search(limit=1)["total"]


def test_the_search_finds_open_tasks_older_than_any_report(office):
    old = office.search(status=["OPEN"], end_date="2025-01-01T02:59:59.999Z", start_date="2020-01-01T03:00:00Z")

    assert old["total"] > 0


def test_a_search_by_competence_brings_the_month_before(office):
    found = office.search(
        start_date="2026-10-01T03:00:00.000Z",
        end_date="2026-11-01T02:59:59.999Z",
        date_type="COMPETENCE",
        limit=1000,
    )
    months = {
        (datetime.fromisoformat(row["competence_date"]) - timedelta(hours=3)).strftime("%Y-%m") for row in found["docs"]
    }

    assert months == {"2026-09"}


def test_a_competence_is_the_months_first_day_or_its_last_instant(office):
    endings = {row["competence_date"][10:] for row in office.search(limit=1000)["docs"] if "competence_date" in row}

    assert endings == {"T03:00:00.000Z", "T02:59:59.999Z"}


def test_search_rows_are_nested_and_name_the_same_task_as_the_report(office):
    flat = next(row for row in office.report().json() if "owner.name" in row and row["subtype"] != "WORKFLOW")
    nested = office.call("GET", f"/core/customer/task/{flat['id']}").json()

    assert nested["_id"] == flat["id"]
    assert nested["name"] == flat["name"]
    assert nested["owner"]["name"] == flat["owner.name"]
    assert nested["customer"].get("code") == flat.get("customer.code")
    assert nested["due_date"] == flat["_due_date"]
    assert len(nested["customer_task_steps"]) == 3


def test_one_task_may_come_wrapped_in_data(office):
    task_id = office.report().json()[0]["id"]
    office.behave(task_under_data=True)

    assert office.call("GET", f"/core/customer/task/{task_id}").json()["data"]["_id"] == task_id


def test_an_unknown_id_is_404_with_a_code_and_no_violation(office):
    answer = office.call("GET", "/core/customer/task/000000000000000000000000")

    assert (answer.status_code, answer.json()) == (404, {"code": "customer_task.not.found"})
    assert office.running.ledger.summary()["violations"] == 0


def test_asking_by_id_may_be_forbidden(office):
    task_id = office.report().json()[0]["id"]
    office.behave(lookup_forbidden=True)

    assert office.call("GET", f"/core/customer/task/{task_id}").status_code == 403


def test_customers_come_all_at_once_or_in_pages_or_by_side(office):
    everyone = office.call("GET", "/admin/customer").json()
    page = office.call("GET", "/admin/customer?active=true&page=2&limit=20").json()
    active, passive = (
        office.call("GET", f"/admin/customer?active={side}").json()["total"] for side in ("true", "false")
    )

    assert len(everyone["docs"]) == everyone["total"] == active + passive
    assert len(page["docs"]) == 20
    assert passive > 0


def test_departments_come_as_a_bare_array_and_users_in_docs(office):
    assert {row["name"] for row in office.call("GET", "/admin/company/department").json()} >= {"Fiscal", "Contábil"}
    assert len(office.call("GET", "/admin/company/user").json()["docs"]) == 15
