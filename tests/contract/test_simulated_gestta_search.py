"""The simulated Gestta: the search, a task by its id, and the lists of names."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.contract.simulated_gestta import ME, SEARCH, Office, an_office


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


def _pages(office: Office, **body: object) -> list[list[str]]:
    """The ids of page after page, until one brings nothing new."""
    pages: list[list[str]] = []
    seen: set[str] = set()
    while True:
        ids = [row["_id"] for row in office.search(**body, page=len(pages) + 1)["docs"]]
        if set(ids) <= seen:
            return pages
        seen.update(ids)
        pages.append(ids)


def test_several_statuses_are_not_united_but_each_alone_comes_whole(office):
    totals = {
        status: office.search(status=[status], limit=1)["total"]
        for status in ("OPEN", "DONE", "IMPEDIMENT", "DISCONSIDERED")
    }

    assert office.search(status=list(totals), limit=1)["total"] == totals["OPEN"]
    assert sum(totals.values()) == office.search(limit=1)["total"]
    assert all(totals.values())


def test_a_limit_of_one_counts_cheaply(office):
    found = office.search(status=["OPEN"], limit=1, os_workflow=True)

    assert len(found["docs"]) == 1
    assert found["total"] == sum(task["status"] == "OPEN" for task in office.truth().values())


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        pytest.param("docs", {"docs", "total", "limit", "page", "pages"}, id="docs"),
        pytest.param("totals", {"docs", "totalDocs", "limit", "page", "totalPages", "hasNextPage"}, id="totals"),
        pytest.param("data", {"data", "total"}, id="data"),
        pytest.param("items", {"items", "total"}, id="items"),
        pytest.param("results", {"results", "total"}, id="results"),
    ],
)
def test_the_search_has_come_in_several_envelopes(office, kind, keys):
    plain = office.search(limit=20, page=2)
    office.behave(search_envelope=kind)
    found = office.search(limit=20, page=2)

    assert found.keys() == keys
    assert found.get(kind, found.get("docs")) == plain["docs"]


def test_the_search_may_be_a_bare_array(office):
    plain = office.search(limit=20)
    office.behave(search_envelope="array")

    assert office.search(limit=20) == plain["docs"]


def test_the_envelope_with_totals_says_whether_another_page_follows(office):
    office.behave(search_envelope="totals")
    first = office.search(limit=300)
    last = office.search(limit=300, page=first["totalPages"])

    assert (first["hasNextPage"], last["hasNextPage"]) == (True, False)


def test_a_limit_may_be_capped_without_a_word(office):
    office.behave(search_limit_cap=100)
    found = office.search(limit=500)

    assert (len(found["docs"]), found["limit"]) == (100, 100)
    assert found["pages"] == -(-found["total"] // 100)


def test_a_page_may_repeat_rows_of_the_one_before_and_all_of_them_still_come(office):
    office.behave(search_repeats=7)
    body = {"status": ["OPEN"], "limit": 50, "os_workflow": True}
    pages = _pages(office, **body)

    assert all(after[:7] == before[-7:] for before, after in pairwise(pages))
    assert len({task_id for page in pages for task_id in page}) == office.search(**body)["total"]
    assert len(pages) == office.search(**body)["pages"]


@pytest.mark.parametrize(("past_end", "is_empty"), [("empty", True), ("last", False)])
def test_a_page_after_the_last_is_empty_or_the_last_once_more(office, past_end, is_empty):
    office.behave(search_past_end=past_end)
    last = office.search(status=["OPEN"], limit=50)["pages"]
    after = office.search(status=["OPEN"], limit=50, page=last + 1)["docs"]

    assert after == ([] if is_empty else office.search(status=["OPEN"], limit=50, page=last)["docs"])


def test_pages_shift_when_a_task_leaves_the_search_between_two_of_them(office):
    body = {"status": ["OPEN"], "limit": 50, "os_workflow": True}
    before = [task_id for page in _pages(office, **body) for task_id in page]
    office.behave(search_shifts=1)
    told = office.search(**body)["total"]
    pages = [before[:50], *([row["_id"] for row in office.search(**body, page=n)["docs"]] for n in (2, 3))]

    assert told == len(before)
    assert before[50] not in {task_id for page in pages for task_id in page}
    assert pages[1] == before[51:101]
    assert office.truth()[before[0]]["status"] == "DONE"
    assert office.search(**body)["total"] == told - 1


@pytest.mark.parametrize("date_type", [None, "DUE_DATE"])
def test_the_search_goes_by_the_due_date(office, date_type):
    body = {"start_date": "2026-10-01T03:00:00.000Z", "end_date": "2026-11-01T02:59:59.999Z", "limit": 1000}
    found = office.search(**body, os_workflow=True, **({"date_type": date_type} if date_type else {}))

    assert {row["_id"] for row in found["docs"]} == set(office.truth("2026-10-01", "2026-10-31"))


def test_dates_of_a_search_may_carry_the_offset_of_brasilia(office):
    utc = office.search(start_date="2026-10-01T03:00:00.000Z", end_date="2026-11-01T02:59:59.999Z", limit=1000)
    local = office.search(start_date="2026-10-01T00:00:00-03:00", end_date="2026-10-31T23:59:59-03:00", limit=1000)

    assert utc == local


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param({"no_owner": True}, lambda row: row["owner"] is None, id="no_owner"),
        pytest.param({"overdue": True}, lambda row: row["overdue"], id="overdue"),
        pytest.param({"fine": True}, lambda row: row["fine"], id="fine"),
        pytest.param({"type": ["SERVICE_ORDER"]}, lambda row: row["type"] == "SERVICE_ORDER", id="type"),
    ],
)
def test_a_search_may_be_narrowed(office, body, key):
    everything = office.search(limit=100_000, os_workflow=True)["docs"]
    narrowed = office.search(limit=100_000, os_workflow=True, **body)["docs"]

    assert narrowed == [row for row in everything if key(row)]
    assert 0 < len(narrowed) < len(everything)


def test_downloaded_and_not_downloaded_are_the_two_sides_of_all(office):
    sides = [office.search(limit=1, **{side: True})["total"] for side in ("downloaded", "not_downloaded")]

    assert sum(sides) == office.search(limit=1)["total"]
    assert all(sides)


@pytest.mark.parametrize(
    ("name", "parent"),
    [("customer", "customer"), ("company_user", "owner"), ("company_department", "company_department"),
     ("company_task", "company_task")],
)  # fmt: skip
def test_a_search_takes_lists_of_ids(office, name, parent):
    row = next(row for row in office.search(limit=100)["docs"] if row["owner"])
    found = office.search(limit=100_000, **{name: [row[parent]["_id"]]})["docs"]

    assert {each[parent]["_id"] for each in found} == {row[parent]["_id"]}


def test_parents_may_be_bare_ids(office):
    whole = office.search(limit=100)["docs"]
    office.behave(search_parents="id")
    bare = office.search(limit=100)["docs"]

    for before, after in zip(whole, bare, strict=True):
        for parent in ("customer", "owner", "company_department", "company_task"):
            assert after[parent] == (before[parent]["_id"] if before[parent] else None)


def test_parents_may_be_missing(office):
    office.behave(search_parents="missing")
    row = office.search(limit=1)["docs"][0]
    task = office.task(row["_id"]).json()

    assert not {"customer", "owner", "company_department", "company_task"} & (row.keys() | task.keys())


def test_parents_may_come_each_row_its_own_way(office):
    office.behave(search_parents="mixed")
    rows = office.search(limit=100)["docs"]

    assert {type(row.get("customer")).__name__ for row in rows} == {"dict", "str", "NoneType"}


def test_a_403_for_the_lookup_alone_leaves_the_token_good_for_the_rest(office):
    task_id = office.rows()[0]["id"]
    office.behave(lookup_forbidden=True)

    assert office.task(task_id).status_code == 403
    assert office.call("GET", ME).status_code == 200
    assert office.report().status_code == 200


def test_a_dead_token_is_refused_by_the_lookup_and_by_the_cheap_call_alike(office):
    task_id = office.rows()[0]["id"]
    office.behave(refuse_with=403)
    office.running.gestta.tokens.expire_all()

    assert office.task(task_id).status_code == office.call("GET", ME).status_code == 403


def test_a_task_made_by_hand_says_by_whom_and_an_automatic_one_does_not(office):
    rows = office.rows()
    by_hand, automatic = (
        next(row["id"] for row in rows if (row["subtype"] == "AUTOMATIC") is wanted) for wanted in (False, True)
    )

    assert office.task(by_hand).json()["created_by"]["name"]
    assert "created_by" not in office.task(automatic).json()


def test_lists_carry_a_weak_etag(office):
    tags = [office.call("GET", "/admin/customer").headers["etag"] for _ in range(2)]

    assert tags[0] == tags[1]
    assert tags[0].startswith('W/"')


def test_templates_are_listed_by_type(office):
    found = office.call("GET", "/admin/company/task?type=RECURRENT").json()["docs"]

    assert {row["type"] for row in found} == {"RECURRENT"}
    assert office.search(limit=1, company_task=[found[0]["_id"]])["docs"][0]["company_task"]["name"] == found[0]["name"]


def test_the_account_has_one_report(office):
    assert [row["type"] for row in office.call("GET", "/core/report").json()] == ["CUSTOMER_TASK"]


def test_a_500_carries_a_request_id_and_a_429_says_when_to_come_back(office):
    office.fault("500", path=SEARCH, times=1)
    office.fault("429", path=SEARCH, times=1, args={"retry_after": 2})
    answers = [office.call("POST", SEARCH, json={}) for _ in range(2)]

    assert "x-request-id" in answers[0].headers
    assert answers[1].headers["retry-after"] == "2"


def test_a_search_asked_again_knows_what_has_changed_and_that_a_day_has_passed(office):
    """What was found is kept between pages; neither an event nor midnight may be missed for that."""
    before = office.search(overdue=True, limit=1)["total"]
    late = office.search(overdue=True, limit=1)["docs"][0]["_id"]
    office.door("POST", "/world/change", {"ids": [late], "set": {"status": "DONE"}})
    after = office.search(overdue=True, limit=1)["total"]
    office.clock[0] += timedelta(days=10)
    office.token = office.running.gestta.tokens.issue().token

    assert after == before - 1
    assert office.search(overdue=True, limit=1)["total"] > after
