"""What Notion does that a plain loop over has_more does not expect; the simulator must do all of it."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulators.notion import errors
from simulators.notion.settings import NotionSettings
from simulators.notion.values import HostedFile
from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import Clock, Stage, opened_stage, recorded

OLDEST_FIRST = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with opened_stage() as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 23, 10, 0, 45, tzinfo=UTC))


@pytest.fixture
def workspace(clock) -> Workspace:
    return Workspace(3, clock)


@pytest.fixture
def source_id(workspace) -> str:
    schema = {"Nome": "title", "Valor": "number", "Grupo": "relation", "Pessoas": "people", "Conta": "formula"}
    (only,) = workspace.create_database("Clientes", schema).data_source_ids
    return str(only)


def fill(workspace: Workspace, source_id: str, rows: int, *, minutes_apart: int = 0) -> list[str]:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        workspace.create_page(source_id, {"Nome": f"n{n}"}, created_time=first + timedelta(minutes=n * minutes_apart))
        for n in range(rows)
    ]


def ids(body: dict[str, Any]) -> list[str]:
    return [row["id"] for row in body["results"]]


# 1, 3: the cap


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


# 2: the status of ordinary answers


def test_ordinary_answers_carry_no_request_status(stage, workspace, source_id):
    fill(workspace, source_id, 250)
    stage.show(workspace)
    assert [("request_status" in page, len(page["results"])) for page in stage.walk(source_id, {})] == [
        (False, 100),
        (False, 100),
        (False, 50),
    ]


# 4, 5: limits


def test_the_budget_of_a_window_ends_with_429_and_the_seconds_left(stage, workspace):
    seconds = [130.0]
    stage.show(workspace, NotionSettings(requests_per_window=2), clock=lambda: seconds[0])
    assert [stage.get("/v1/users/me").status_code for _ in range(2)] == [200, 200]
    refused = stage.get("/v1/users/me")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "50"
    expected = recorded("constructed_from_docs/error_429_connection.json")
    assert refused.json()["additional_data"] == expected["additional_data"] | {"retry_after": "50"}
    assert not any(name.lower().startswith("x-ratelimit") for name in refused.headers)
    seconds[0] = 180.0
    assert stage.get("/v1/users/me").status_code == 200


@pytest.mark.parametrize(
    ("error", "file"),
    [
        (errors.rate_limited(37), "error_429_connection"),
        (errors.workspace_rate_limited(180), "error_429_workspace"),
        (errors.blocked(), "error_429_blocked_not_retryable"),
        (errors.query_timed_out(), "error_503_query_datastore_timeout"),
        (errors.overloaded(5), "error_529_overload"),
    ],
    ids=["connection", "workspace", "blocked", "datastore", "overload"],
)
def test_the_bodies_of_limits_are_those_of_the_documentation(error, file):
    expected = recorded(f"constructed_from_docs/{file}.json")
    body = error.body("r1")
    same = ("object", "status", "code", "additional_data")
    assert {key: body[key] for key in same} == {key: expected[key] for key in same}
    wait = expected["additional_data"].get("retry_after")
    assert error.headers.get("Retry-After") == wait
    json.dumps(body)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 529])
def test_every_status_of_the_error_table_has_a_body(status):
    body = errors.by_status(status).body("r1")
    assert (body["object"], body["status"], body["request_id"]) == ("error", status, "r1")


# 7: several data sources


def test_a_second_data_source_stops_clients_older_than_2025_09(stage, workspace):
    database = workspace.create_database("Clientes", {"Nome": "title"}, data_sources=("Ativos", "Inativos"))
    stage.show(workspace)
    for answer in (
        stage.get(f"/v1/databases/{database.id}", version="2022-06-28"),
        stage.post(f"/v1/databases/{database.id}/query", version="2022-06-28"),
    ):
        assert answer.status_code == 400
        expected = recorded("constructed_from_docs/error_400_multiple_data_sources.json")
        body = answer.json()
        assert {key: body[key] for key in ("code", "message")} == {key: expected[key] for key in ("code", "message")}
        assert body["additional_data"] == expected["additional_data"] | {
            "database_id": database.id,
            "child_data_source_ids": database.data_source_ids,
        }
    found = stage.post("/v1/search", {"query": "ativos"}, version="2022-06-28").json()
    assert found["results"] == []
    listed = stage.get(f"/v1/databases/{database.id}").json()["data_sources"]
    assert listed == [
        {"id": source_id, "name": name}
        for source_id, name in zip(database.data_source_ids, ("Ativos", "Inativos"), strict=True)
    ]


def test_an_old_client_reads_a_database_of_one_source(stage, workspace, source_id):
    database_id = workspace.data_sources[source_id].database_id
    page_id = fill(workspace, source_id, 1)[0]
    stage.show(workspace)
    answer = stage.post(f"/v1/databases/{database_id}/query", version="2022-06-28").json()
    (row,) = answer["results"]
    assert (answer["type"], row["id"], row["archived"]) == ("page_or_database", page_id, False)
    assert row["parent"] == {"type": "database_id", "database_id": database_id}


def test_a_database_lists_only_the_data_sources_that_are_shared(stage, workspace):
    database = workspace.create_database("Clientes", {"Nome": "title"}, data_sources=2)
    hidden, shared = database.data_source_ids
    workspace.unshare(hidden)
    stage.show(workspace)
    listed = stage.get(f"/v1/databases/{database.id}").json()["data_sources"]
    assert [entry["id"] for entry in listed] == [shared]


@pytest.mark.parametrize("kind", ["databases", "data_sources", "pages"])
def test_ids_of_another_kind_are_not_found(stage, workspace, source_id, kind):
    known = {
        "databases": workspace.data_sources[source_id].database_id,
        "data_sources": source_id,
        "pages": fill(workspace, source_id, 1)[0],
    }
    stage.show(workspace)
    for other, identifier in known.items():
        for written in (identifier, identifier.replace("-", "")):
            expected = 200 if other == kind else 404
            assert stage.get(f"/v1/{kind}/{written}").status_code == expected


# 8: times by the minute


def test_times_of_pages_are_floored_to_the_minute(stage, workspace, source_id, clock):
    page_id = workspace.create_page(source_id, {"Nome": "a"})
    clock.moment += timedelta(minutes=3, seconds=10)
    workspace.update_page(page_id, {"Valor": 1})
    stage.show(workspace)
    page = stage.get(f"/v1/pages/{page_id}").json()
    assert page["created_time"] == "2026-11-23T10:00:00.000Z"
    assert page["last_edited_time"] == "2026-11-23T10:03:00.000Z"


def test_a_change_is_served_at_once(stage, workspace, source_id):
    page_id = workspace.create_page(source_id, {"Nome": "a", "Valor": 1})
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    seen = []
    for value in (2, 3.5, None):
        workspace.update_page(page_id, {"Valor": value})
        seen.append(stage.post(path).json()["results"][0]["properties"]["Valor"]["number"])
    assert seen == [2, 3.5, None]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"on_or_after": "2026-11-23T10:00:00Z"}, True),
        ({"on_or_after": "2026-11-23T10:00:00"}, True),
        ({"on_or_after": "2026-11-23T07:00:00-03:00"}, True),
        ({"after": "2026-11-23T09:59:59Z"}, True),
        ({"on_or_after": "2026-11-23T10:00:30Z"}, False),
        ({"after": "2026-11-23T10:00:30Z"}, False),
        ({"after": "2026-11-23T10:00:00Z"}, False),
        ({"equals": "2026-11-23"}, True),
        ({"on_or_before": "2026-11-23T10:00:00.000Z"}, True),
        ({"before": "2026-11-23T10:00:00.000Z"}, False),
        ({"on_or_after": "today"}, True),
        ({"on_or_after": "tomorrow"}, False),
        ({"past_week": {}}, True),
    ],
    ids=lambda value: "-".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
def test_times_are_compared_to_the_millisecond_with_their_floored_value(stage, workspace, source_id, condition, found):
    page_id = workspace.create_page(source_id, {"Nome": "edited 45 seconds past the minute"})
    fill(workspace, source_id, 20, minutes_apart=1)
    stage.show(workspace)
    asked = {"filter": {"timestamp": "last_edited_time", "last_edited_time": condition}}
    assert (page_id in ids(stage.post(f"/v1/data_sources/{source_id}/query", asked).json())) is found


# 9: what is gone


def test_a_trashed_row_leaves_the_query_without_a_word_and_is_still_found_by_id(stage, workspace, source_id):
    kept, gone = fill(workspace, source_id, 2)
    workspace.trash(gone)
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    assert ids(stage.post(path).json()) == [kept]
    assert stage.get(f"/v1/pages/{gone}").json()["in_trash"] is True
    refused = stage.post(path, {"in_trash": True})
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")
    workspace.restore(gone)
    assert ids(stage.post(path).json()) == [gone, kept]


def test_an_archived_row_is_in_a_partition_of_its_own(stage, workspace, source_id):
    kept, archived = fill(workspace, source_id, 2)
    workspace.archive(archived)
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    assert ids(stage.post(path).json()) == [kept]
    assert ids(stage.post(path, {"is_archived": True}).json()) == [archived]
    page = stage.get(f"/v1/pages/{archived}").json()
    assert (page["is_archived"], page["in_trash"]) == (True, False)


def test_a_moved_row_is_found_by_id_under_its_new_parent(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    other = workspace.create_database("Antigos", {"Nome": "title"}).data_source_ids[0]
    workspace.move(page_id, other)
    stage.show(workspace)
    assert ids(stage.post(f"/v1/data_sources/{source_id}/query").json()) == []
    page = stage.get(f"/v1/pages/{page_id}").json()
    assert page["parent"]["data_source_id"] == other
    assert page["properties"]["Nome"]["title"][0]["plain_text"] == "n0"


def test_what_is_no_longer_shared_looks_deleted(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    workspace.unshare(source_id)
    stage.show(workspace)
    for answer in (
        stage.get(f"/v1/data_sources/{source_id}"),
        stage.post(f"/v1/data_sources/{source_id}/query"),
        stage.get(f"/v1/pages/{page_id}"),
        stage.get(f"/v1/databases/{workspace.data_sources[source_id].database_id}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "object_not_found")
    workspace.share(source_id)
    assert stage.get(f"/v1/pages/{page_id}").status_code == 200
    workspace.delete(page_id)
    assert stage.get(f"/v1/pages/{page_id}").status_code == 404


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


# 10: what is cut


def test_a_relation_is_cut_at_25_and_the_property_endpoint_has_all(stage, workspace, source_id):
    related = fill(workspace, source_id, 130)
    page_id = workspace.create_page(source_id, {"Nome": "many", "Grupo": related, "Pessoas": related})
    stage.show(workspace)
    row = stage.post(f"/v1/data_sources/{source_id}/query", {"page_size": 1}).json()["results"][0]
    assert [len(row["properties"]["Grupo"]["relation"]), row["properties"]["Grupo"]["has_more"]] == [25, True]
    # People are cut as well, and nothing tells.
    assert len(row["properties"]["Pessoas"]["people"]) == 25
    assert "has_more" not in row["properties"]["Pessoas"]
    path = f"/v1/pages/{page_id}/properties/{row['properties']['Grupo']['id']}"
    first = stage.get(path).json()
    assert (len(first["results"]), first["has_more"]) == (100, True)
    rest = stage.get(path, params={"start_cursor": first["next_cursor"]}).json()
    assert [item["relation"]["id"] for item in first["results"] + rest["results"]] == related
    assert (rest["has_more"], rest["next_cursor"], rest["property_item"]["next_url"]) == (False, None, None)


def test_a_relation_to_what_is_not_shared_is_empty(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    other = workspace.create_database(
        "Tarefas", {"Nome": "title", "Cliente": {"relation": {"data_source_id": source_id}}}
    ).data_source_ids[0]
    workspace.create_page(other, {"Nome": "t", "Cliente": [page_id]})
    stage.show(workspace)
    path = f"/v1/data_sources/{other}/query"
    relations = []
    for change in (lambda: None, lambda: workspace.unshare(source_id), lambda: workspace.share(source_id)):
        change()
        relations.append(stage.post(path).json()["results"][0]["properties"]["Cliente"]["relation"])
    assert relations == [[{"id": page_id}], [], [{"id": page_id}]]


def test_formulas_and_rollups_can_be_unsupported(stage, workspace):
    constructed = recorded("constructed_from_docs/property_values_unsupported.json")
    schema = {"Nome": "title", "Formula X": "formula", "Rollup Y": "rollup"}
    source_id = workspace.create_database("Calculado", schema).data_source_ids[0]
    page_id = workspace.create_page(source_id, constructed)
    stage.show(workspace)
    shown = stage.get(f"/v1/pages/{page_id}").json()["properties"]
    for name, value in constructed.items():
        assert shown[name][value["type"]] == value[value["type"]]


def test_a_rollup_is_incomplete_until_the_last_page_of_its_items(stage, workspace, source_id):
    related = fill(workspace, source_id, 3)
    relation = workspace.data_sources[source_id].properties["Grupo"]
    rollup = {"relation_property_id": relation.decoded_id, "function": "sum"}
    column_id = workspace.add_property(source_id, "Soma", {"rollup": rollup})
    page_id = workspace.create_page(source_id, {"Nome": "s", "Grupo": related, "Soma": 12})
    stage.show(workspace)
    path = f"/v1/pages/{page_id}/properties/{column_id}"
    first = stage.get(path, params={"page_size": 2}).json()
    assert first["property_item"]["rollup"] == {"type": "incomplete", "incomplete": {}, "function": "sum"}
    last = stage.get(path, params={"page_size": 2, "start_cursor": first["next_cursor"]}).json()
    assert last["property_item"]["rollup"] == {"type": "number", "number": 12, "function": "sum"}


def test_recomputed_columns_do_not_count_as_edits(stage, workspace, source_id, clock):
    page_id = workspace.create_page(source_id, {"Nome": "a", "Conta": 1})
    clock.moment += timedelta(hours=1)
    stage.show(workspace)
    before = stage.get(f"/v1/pages/{page_id}").json()
    workspace.recompute(page_id, {"Conta": 2})
    after = stage.get(f"/v1/pages/{page_id}").json()
    assert before["last_edited_time"] == after["last_edited_time"]
    assert after["properties"]["Conta"]["formula"] == {"type": "number", "number": 2}


# 11: what is new


def test_unknown_kinds_of_columns_are_served_as_they_are(stage, workspace, source_id):
    workspace.add_property(source_id, "Visto", "last_visited_time")
    page_id = workspace.create_page(source_id, {"Nome": "a", "Visto": "2026-11-23T10:00:00.000Z"})
    stage.show(workspace)
    page = stage.get(f"/v1/pages/{page_id}").json()
    assert page["properties"]["Visto"]["last_visited_time"] == "2026-11-23T10:00:00.000Z"
    assert {"is_archived", "is_locked"} <= set(page)


def test_a_renamed_column_keeps_its_id_and_its_values(stage, workspace, source_id):
    workspace.create_page(source_id, {"Nome": "a", "Valor": 5})
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    before = stage.post(path).json()["results"][0]
    workspace.rename_property(source_id, "Valor", "Honorários")
    after = stage.post(path).json()["results"][0]
    assert after["properties"]["Honorários"] == before["properties"]["Valor"]
    assert after["last_edited_time"] == before["last_edited_time"]
    workspace.remove_property(source_id, "Honorários")
    assert "Honorários" not in stage.post(path).json()["results"][0]["properties"]


# 12: what differs on every read


def test_a_hosted_file_has_another_url_on_every_read_and_an_hour_to_live(stage, workspace, source_id, clock):
    workspace.add_property(source_id, "Contrato", "files")
    workspace.create_page(source_id, {"Nome": "a", "Contrato": [HostedFile("contrato.pdf")]})
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    (first,), (second,) = (stage.post(path).json()["results"][0]["properties"]["Contrato"]["files"] for _ in range(2))
    assert first["name"] == second["name"] == "contrato.pdf"
    assert first["file"]["url"] != second["file"]["url"]
    assert datetime.fromisoformat(first["file"]["expiry_time"]) == clock.moment + timedelta(hours=1)


def test_urls_are_of_the_new_domain_and_request_ids_differ_and_match_their_header(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    stage.show(workspace)
    answers = [stage.get(f"/v1/pages/{page_id}") for _ in range(2)]
    assert answers[0].json()["url"] == f"https://app.notion.com/p/{page_id.replace('-', '')}"
    given = [answer.json()["request_id"] for answer in answers]
    assert given[0] != given[1]
    assert given == [answer.headers["x-notion-request-id"] for answer in answers]


# Cursors and bodies


@pytest.mark.parametrize(
    "other",
    [
        {"filter": {"property": "Nome", "title": {"is_not_empty": True}}},
        {"sorts": [{"property": "Nome", "direction": "ascending"}]},
        {"is_archived": True},
    ],
    ids=["filter", "sorts", "partition"],
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


@pytest.mark.parametrize(
    "body",
    [
        {"page_size": 101},
        {"page_size": 0},
        {"page_size": "100"},
        {"start_cursor": None},
        {"filter": None},
        {"sorts": None},
        {"start_cursor": "s:nobody:knows"},
        {"unheard_of": 1},
        {"filter": {"property": "Nada", "title": {"is_empty": True}}},
        {"filter": {"property": "Nome", "number": {"equals": 1}}},
        {"filter": {"property": "Nome", "title": {"sounds_like": "x"}}},
        {"filter": {"and": [{"or": [{"and": [{"property": "Nome", "title": {"is_empty": True}}]}]}]}},
        {"filter": {"timestamp": "last_edited_time", "last_edited_time": {"after": "soon"}}},
        {"sorts": [{"property": "Nada", "direction": "ascending"}]},
        {"sorts": [{"timestamp": "created_time", "direction": "up"}]},
        [],
    ],
    ids=json.dumps,
)
def test_a_body_that_notion_would_not_take_is_a_validation_error(stage, workspace, source_id, body):
    stage.show(workspace)
    refused = stage.post(f"/v1/data_sources/{source_id}/query", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")


def test_filters_nest_two_levels(stage, workspace, source_id):
    pages = [workspace.create_page(source_id, {"Nome": f"n{n}", "Valor": n}) for n in range(6)]
    stage.show(workspace)

    def value(**condition: int) -> dict[str, Any]:
        return {"property": "Valor", "number": condition}

    nested = {"or": [{"and": [value(greater_than=0), value(less_than=2)]}, value(equals=4)]}
    asked = {"filter": nested, **OLDEST_FIRST}
    assert ids(stage.post(f"/v1/data_sources/{source_id}/query", asked).json()) == [pages[1], pages[4]]


def test_text_that_is_no_json_is_told(stage, workspace, source_id):
    stage.show(workspace)
    refused = stage.send("POST", f"/v1/data_sources/{source_id}/query", data=b"{")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_json")


def test_a_missing_or_unknown_version_is_told(stage, workspace):
    stage.show(workspace)
    missing = stage.get("/v1/users/me", version=None)
    assert (missing.status_code, missing.json()["code"]) == (400, "missing_version")
    unknown = stage.get("/v1/users/me", version="2019-01-01")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "validation_error")


@pytest.mark.parametrize("token", [None, "", "ntn_other"], ids=["none", "empty", "another"])
def test_a_token_that_is_not_the_connections_is_refused(stage, workspace, token):
    stage.show(workspace)
    refused = stage.get("/v1/users/me", token=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


def test_property_ids_are_encoded_in_answers_and_paths_and_decoded_in_parameters(stage, workspace, source_id):
    names = [f"Coluna {n}" for n in range(40)]
    for name in names:
        workspace.add_property(source_id, name, "rich_text")
    page_id = workspace.create_page(source_id, dict.fromkeys(names, "x"))
    stage.show(workspace)
    columns = workspace.data_sources[source_id].properties
    encoded = [columns[name] for name in names if "%" in columns[name].id]
    assert encoded
    for column in encoded:
        assert stage.get(f"/v1/pages/{page_id}/properties/{column.id}").json()["results"]
    path = f"/v1/data_sources/{source_id}/query"
    wanted = [column.decoded_id for column in encoded] + ["Nome"]
    for parameter in ("filter_properties", "filter_properties[]"):
        (row,) = stage.post(path, params={parameter: wanted}).json()["results"]
        assert set(row["properties"]) == {column.name for column in encoded} | {"Nome"}
    assert stage.post(path, params={"filter_properties": encoded[0].id}).status_code == 400


def test_without_the_capability_people_are_bare_references(stage, workspace, source_id):
    person = workspace.add_person("Ana Souza", "ana@example.com")
    workspace.create_page(source_id, {"Nome": "a", "Pessoas": [person]})
    path = f"/v1/data_sources/{source_id}/query"
    shown = []
    for settings in (NotionSettings(), NotionSettings(read_user_info=False)):
        stage.show(workspace, settings)
        shown.append(stage.post(path).json()["results"][0]["properties"]["Pessoas"]["people"])
    assert shown == [[workspace.users[person]], [{"object": "user", "id": person}]]


def test_without_the_capability_to_read_content_rows_are_restricted(stage, workspace, source_id):
    stage.show(workspace, NotionSettings(read_content=False))
    refused = stage.post(f"/v1/data_sources/{source_id}/query")
    assert (refused.status_code, refused.json()["code"]) == (403, "restricted_resource")


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


def test_the_same_seed_makes_the_same_workspace(clock):
    def made() -> list[str]:
        workspace = Workspace(5, clock)
        database = workspace.create_database("Clientes", {"Nome": "title", "Tipo": {"select": ["A"]}})
        page_id = workspace.create_page(database.data_source_ids[0], {"Nome": "x"})
        columns = workspace.data_sources[database.data_source_ids[0]].properties.values()
        return [database.id, page_id, *(column.id for column in columns)]

    assert made() == made()
