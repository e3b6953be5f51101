"""The task search (gestta.md, section 4): one status a call, pages that repeat and shift, envelopes of all kinds."""

import pytest

from shared.contracts.events import SourceFailed

pytestmark = pytest.mark.integration

SEARCH = "/core/customer/task/search"


@pytest.fixture
def small_pages(office):
    """Pages of 50, so that the open tasks take several."""
    office.post("/gestta/settings", search_limit_cap=50)
    return office


def searched(reader, **more):
    """The rows that the search landed, by id; None where it landed nothing."""
    landed = [m for m in reader.run(**more) if m.scope == "search:open"]
    return reader.rows(landed[0]) if landed else None


def open_tasks(office):
    return {i for i, t in office.tasks().items() if t["status"] in ("OPEN", "IMPEDIMENT")}


def test_statuses_are_asked_for_one_at_a_time_since_several_are_not_united(reader, office):
    statuses = {row["status"] for row in searched(reader).values()}
    assert statuses == {"OPEN", "IMPEDIMENT"}
    assert {call["scope"] for call in office.calls(SEARCH)} == {"search:OPEN", "search:IMPEDIMENT"}


@pytest.mark.parametrize("envelope", ["docs", "totals", "data", "items", "results"])
def test_every_envelope_that_was_seen_is_read(reader, small_pages, envelope):
    small_pages.post("/gestta/settings", search_envelope=envelope)
    assert set(searched(reader)) == open_tasks(small_pages)


def test_a_bare_array_is_read_page_by_page_until_nothing_new_comes(reader, small_pages):
    small_pages.post("/gestta/settings", search_envelope="array")
    assert set(searched(reader)) == open_tasks(small_pages)


def test_rows_of_the_page_before_are_not_counted_again(reader, small_pages):
    small_pages.post("/gestta/settings", search_repeats=7)
    rows = searched(reader)
    assert set(rows) == open_tasks(small_pages)


def test_a_last_page_that_is_served_for_ever_ends_the_search(reader, small_pages):
    small_pages.post("/gestta/settings", search_past_end="last", search_envelope="array")
    assert set(searched(reader)) == open_tasks(small_pages)


def test_pages_that_shift_while_tasks_are_concluded_are_gone_through_again(reader, small_pages):
    small_pages.post("/gestta/settings", search_shifts=1)
    (search,) = (m for m in reader.run() if m.scope == "search:open")
    assert open_tasks(small_pages) <= set(reader.rows(search))
    assert search.content["proof"]["OPEN"] == {"passes": 2, "pages": 9, "steady": True}
    assert not [f for f in reader.facts() if isinstance(f, SourceFailed)]


def test_pages_that_never_stand_still_land_all_passes_and_the_proof_says_so(reader, small_pages):
    small_pages.post("/gestta/settings", search_shifts=100)
    (search,) = (m for m in reader.run() if m.scope == "search:open")
    assert search.content["proof"]["OPEN"] == {"passes": 3, "pages": 9, "steady": False}
    assert open_tasks(small_pages) <= set(reader.rows(search))


def test_a_search_that_brings_fewer_than_its_total_is_told_and_lands_nothing(reader, small_pages):
    nothing = {"docs": [], "total": 300, "limit": 500, "page": 2, "pages": 6}
    small_pages.fault("other_body", path=SEARCH, after=1, times=0, args={"body": nothing})
    assert searched(reader) is None
    (told,) = (f for f in reader.facts() if isinstance(f, SourceFailed))
    assert told.scope == "search:open"
    assert "of 300 tasks" in told.reason


@pytest.mark.parametrize("parents", ["object", "id", "missing"])
def test_parents_land_as_they_are_given(reader, office, parents):
    office.post("/gestta/settings", search_parents=parents)
    rows = searched(reader).values()
    kinds = {type(row.get("owner")).__name__ for row in rows}
    assert kinds <= {"object": {"dict", "NoneType"}, "id": {"str", "NoneType"}, "missing": {"NoneType"}}[parents]


def test_workflow_tasks_are_asked_for_by_name(reader, office):
    assert any(row.get("subtype") == "WORKFLOW" for row in searched(reader).values())


def test_an_open_task_far_outside_the_range_is_found(reader, office):
    (moved,) = office.post("/world/change", count=1, status="OPEN", days=-4000)["ids"]
    assert moved in searched(reader)


def test_a_task_that_closes_outside_the_range_is_asked_for_and_shown_as_closed(reader, office):
    (moved,) = office.post("/world/change", count=1, status="OPEN", days=-4000)["ids"]
    reader.run()
    office.post("/world/change", ids=[moved], set={"status": "DONE"})
    (lookup,) = (m for m in reader.run() if m.kind == "lookup")
    assert reader.rows(lookup)[moved]["status"] == "DONE"


def test_rows_without_an_id_land_and_stop_nothing(reader, office):
    two = sorted(open_tasks(office))[:2]
    office.post("/gestta/settings", row_spoils={task: {"drop": ["id", "_id"]} for task in two})
    (search,) = (m for m in reader.run() if m.scope == "search:open")
    assert search.content["proof"]["without_id"] == 2
    assert set(reader.rows(search)) - {""} == open_tasks(office) - set(two)
