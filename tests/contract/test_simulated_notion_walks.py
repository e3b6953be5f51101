"""How far a query goes: the cap, cursors, short pages, and rows that change under the walk."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from simulators.notion.settings import NotionSettings
from tests.contract.simulated_notion import OLDEST_FIRST, fill, ids, recorded


def test_a_query_serves_ten_thousand_rows_and_only_the_status_of_its_last_page_tells(stage, workspace, source_id):
    made = fill(workspace, source_id, 10_050, minutes_apart=1)
    stage.show(workspace)
    pages = list(stage.walk(source_id, OLDEST_FIRST))
    served = [row["id"] for page in pages for row in page["results"]]
    assert served == made[:10_000]
    assert (pages[-1]["has_more"], pages[-1]["next_cursor"]) == (False, None)
    constructed = recorded("constructed_from_docs/query_last_page_capped_at_10000.json")
    assert pages[-1]["request_status"] == constructed["request_status"]
    assert not any("request_status" in page for page in pages[:-1])
    since = pages[-1]["results"][-1]["created_time"]
    window = {"filter": {"timestamp": "created_time", "created_time": {"on_or_after": since}}, **OLDEST_FIRST}
    rest = [row["id"] for page in stage.walk(source_id, window) for row in page["results"]]
    assert rest == made[9_999:]


def test_a_query_of_exactly_the_cap_is_complete_and_says_nothing(stage, workspace, source_id):
    fill(workspace, source_id, 30)
    stage.show(workspace, NotionSettings(row_cap=30))
    (page,) = stage.walk(source_id, {})
    assert len(page["results"]) == 30
    assert "request_status" not in page


def test_a_page_tried_again_does_not_count_twice_towards_the_cap(stage, workspace, source_id):
    fill(workspace, source_id, 50)
    stage.show(workspace, NotionSettings(row_cap=30))
    path = f"/v1/data_sources/{source_id}/query"
    cursor = stage.post(path, {"page_size": 10}).json()["next_cursor"]
    tries = [stage.post(path, {"page_size": 10, "start_cursor": cursor}).json() for _ in range(4)]
    assert all(ids(again) == ids(tries[0]) and again["has_more"] for again in tries)


def test_the_cap_cuts_within_a_page(stage, workspace, source_id):
    fill(workspace, source_id, 30)
    stage.show(workspace, NotionSettings(row_cap=25))
    pages = list(stage.walk(source_id, {"page_size": 10}))
    assert [(len(page["results"]), "request_status" in page) for page in pages] == [(10, False), (10, False), (5, True)]


def test_at_an_old_version_the_cut_cannot_be_seen(stage, workspace, source_id):
    database_id = workspace.data_sources[source_id].database_id
    fill(workspace, source_id, 20)
    stage.show(workspace, NotionSettings(row_cap=10))
    answer = stage.post(f"/v1/databases/{database_id}/query", version="2022-06-28").json()
    assert (len(answer["results"]), answer["has_more"], "request_status" in answer) == (10, False, False)


def test_ordinary_answers_carry_no_request_status(stage, workspace, source_id):
    fill(workspace, source_id, 250)
    stage.show(workspace)
    assert [("request_status" in page, len(page["results"])) for page in stage.walk(source_id, {})] == [
        (False, 100),
        (False, 100),
        (False, 50),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"filter": {"property": "Nome", "title": {"is_not_empty": True}}},
        {"sorts": [{"property": "Nome", "direction": "ascending"}]},
        {"is_archived": True},
        {"page_size": 20},
    ],
    ids=["filter", "sorts", "partition", "page size"],
)
def test_a_cursor_is_good_only_for_the_query_that_gave_it(stage, workspace, source_id, other):
    fill(workspace, source_id, 30)
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    cursor = stage.post(path, {"page_size": 10}).json()["next_cursor"]
    refused = stage.post(path, {"page_size": 10, "start_cursor": cursor, **other})
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")
    assert refused.json()["message"].startswith("The start_cursor provided is invalid")
    assert stage.post(path, {"page_size": 10, "start_cursor": cursor}).status_code == 200


def test_a_cursor_can_expire(stage, workspace, source_id):
    seconds = [0.0]
    fill(workspace, source_id, 30)
    stage.show(workspace, NotionSettings(cursor_ttl=60), clock=lambda: seconds[0])
    path = f"/v1/data_sources/{source_id}/query"
    asked = {"page_size": 10, "start_cursor": stage.post(path, {"page_size": 10}).json()["next_cursor"]}
    seconds[0] = 59
    assert stage.post(path, asked).status_code == 200
    seconds[0] = 60
    assert stage.post(path, asked).json()["message"].startswith("The start_cursor provided is invalid")


def test_pages_can_be_shorter_than_asked_while_there_is_more(stage, workspace, source_id):
    made = fill(workspace, source_id, 100)
    stage.show(workspace, NotionSettings(short_page_every=2))
    pages = list(stage.walk(source_id, {**OLDEST_FIRST, "page_size": 20}))
    assert [len(page["results"]) for page in pages] == [20, 10, 20, 10, 20, 10, 10]
    assert [row for page in pages for row in ids(page)] == made


def test_a_row_trashed_under_the_cursor_neither_breaks_nor_repeats_the_walk(stage, workspace, source_id):
    made = fill(workspace, source_id, 30, minutes_apart=1)
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    first = stage.post(path, {**OLDEST_FIRST, "page_size": 10}).json()
    assert first["next_cursor"].endswith(made[10])
    workspace.trash(made[10])
    second = stage.post(path, {**OLDEST_FIRST, "page_size": 10, "start_cursor": first["next_cursor"]}).json()
    assert ids(first) + ids(second) == made[:10] + made[11:21]


def test_a_walk_by_last_edit_can_skip_rows_that_a_walk_by_creation_holds(stage, workspace, source_id, clock):
    made = fill(workspace, source_id, 30, minutes_apart=1)
    stage.show(workspace)

    def walked(timestamp: str) -> set[str]:
        seen: set[str] = set()
        sorts = {"sorts": [{"timestamp": timestamp, "direction": "descending"}], "page_size": 10}
        for number, page in enumerate(stage.walk(source_id, sorts)):
            seen.update(ids(page))
            if number == 0:
                clock.moment += timedelta(minutes=1)
                workspace.update_page(made[5], {"Valor": number})
        return seen

    assert made[5] not in walked("last_edited_time")
    assert walked("created_time") == set(made)


def test_a_walk_is_whole_while_others_change_the_workspace(stage, workspace, source_id):
    made = fill(workspace, source_id, 2_000, minutes_apart=1)
    stage.show(workspace)
    started, stop = threading.Event(), threading.Event()

    def live() -> int:
        changes = 0
        while not stop.is_set():
            workspace.update_page(made[changes % len(made)], {"Valor": changes})
            trashed = workspace.create_page(source_id, {"Nome": "short-lived"})
            workspace.trash(trashed)
            changes += 1
            started.set()
        return changes

    with ThreadPoolExecutor(1) as pool:
        living = pool.submit(live)
        assert started.wait(10)
        walked = [row for page in stage.walk(source_id, {**OLDEST_FIRST, "page_size": 50}) for row in ids(page)]
        stop.set()
        assert living.result(10) > 0
    # A short-lived page may be seen too, between its making and its trashing; no page is seen twice.
    assert len(walked) == len(set(walked))
    assert walked[: len(made)] == made


def test_a_search_ends_at_the_cap_and_tells_as_a_query_does(stage, workspace, source_id):
    fill(workspace, source_id, 12)
    stage.show(workspace, NotionSettings(row_cap=10))
    asked = {"filter": {"property": "object", "value": "page"}, "page_size": 8}
    first = stage.post("/v1/search", asked).json()
    last = stage.post("/v1/search", {**asked, "start_cursor": first["next_cursor"]}).json()
    assert [len(first["results"]), len(last["results"])] == [8, 2]
    assert "request_status" not in first
    assert (last["has_more"], last["request_status"]["type"]) == (False, "incomplete")
