"""The simulated Notion, loaded with what the real one once held, answers as the real one did."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import (
    INDEX,
    RECORDINGS,
    STARTED,
    Clock,
    recorded,
    recordings,
    without,
)

PAGE_ID = "6601e719-a39a-460c-908e-8909467fcccf"
SCHEMAS = {recorded(file)["id"]: recorded(file) for file in recordings("data_source")}
# Samples from documentation, not recorded: they lack keys that every live answer has.
QUERIES = [file for file in recordings("query") if "jomei" not in file and "kotlin" not in file]
# The fixtures of notion_ruby_mapping do not name their requests; these follow from what was answered.
FILTER_PROPERTIES = {
    "query/notion_ruby_mapping/query_data_source_filter_properties.json": ["swq\\", "MailTitle"],
}
ITEM_WALK = [
    f"property_item/notion_ruby_mapping/retrieve_property_rich_text_{part}_5.json" for part in ("limit", "next", "last")
]
SEQUENCES: list[list[str]] = json.loads((RECORDINGS / "sequences.json").read_text("utf-8"))
QUERY_WALKS = [files for files in SEQUENCES if files[0].startswith("query/")]


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(7, Clock(STARTED))


def short(file: str) -> str:
    return file.split("/", 1)[1].removesuffix(".json")


def version_of(file: str) -> str:
    return INDEX[file].get("notion_version") or "2025-09-03"


def data_source_of(file: str) -> str | None:
    rows = recorded(file)["results"]
    if rows:
        return str(rows[0]["parent"]["data_source_id"])
    path = INDEX[file].get("path") or ""
    return path.split("/")[3] if "/data_sources/" in path else None


# Later pages of a walk are answered only after the first; one empty answer is of a data source never recorded.
SINGLE_QUERIES = (
    set(QUERIES)
    - {part for files in QUERY_WALKS for part in files[1:]}
    - {file for file in QUERIES if data_source_of(file) not in SCHEMAS}
)
# The others were recorded at an older version: see the test of that shape.
DATABASES = [file for file in recordings("database") if "data_sources" in recorded(file)]


def page_size_of(file: str) -> int:
    """As asked; where the request was not recorded, a page that says there is more shows its size."""
    expected, asked = recorded(file), INDEX[file].get("request_body") or {}
    return int(asked.get("page_size") or (len(expected["results"]) if expected["has_more"] else 100))


@pytest.mark.parametrize("files", QUERY_WALKS, ids=lambda files: short(files[0]))
def test_a_recorded_walk_is_replayed_value_for_value(stage, workspace, files):
    asked: dict[str, Any] = {**(INDEX[files[0]].get("request_body") or {}), "page_size": page_size_of(files[0])}
    for file in files:
        source_id = workspace.load_recorded(recorded(file), SCHEMAS.get(data_source_of(file)))
    stage.show(workspace)
    version = version_of(files[0])
    for file in files:
        expected = recorded(file)
        answer = stage.post(f"/v1/data_sources/{source_id}/query", asked, version=version).json()
        assert without(answer, "request_id", "next_cursor") == without(expected, "request_id", "next_cursor")
        assert row_of(answer["next_cursor"]) == row_of(expected["next_cursor"])
        asked["start_cursor"] = answer["next_cursor"]


def row_of(cursor: str | None) -> str | None:
    """The row that a cursor names: alone until 2025, behind the session since."""
    return cursor and cursor.rpartition(":")[2]


@pytest.mark.parametrize("file", sorted(SINGLE_QUERIES), ids=short)
def test_a_recorded_query_is_answered_as_it_was(stage, workspace, file):
    expected, request = recorded(file), INDEX[file].get("request_body") or {}
    source_id = data_source_of(file)
    workspace.load_recorded(expected, SCHEMAS[source_id])
    if "filter" in request or expected["has_more"]:
        load_other_rows(workspace, source_id, {row["id"] for row in expected["results"]})
    request = {**request, "page_size": page_size_of(file)}
    stage.show(workspace)
    parameters = {"filter_properties": FILTER_PROPERTIES.get(file, [])}
    path = f"/v1/data_sources/{source_id}/query"
    answer = stage.post(path, request, version=version_of(file), params=parameters).json()
    assert without(answer, "request_id", "next_cursor") == without(expected, "request_id", "next_cursor")


def load_other_rows(workspace: Workspace, source_id: str | None, known: set[str]) -> None:
    """What other queries saw in the same data source: a filter is tried on more than its own result."""
    for file in QUERIES:
        if data_source_of(file) == source_id and file not in FILTER_PROPERTIES:
            for row in recorded(file)["results"]:
                if row["id"] not in known:
                    workspace.load_recorded_page(row)
                    known.add(row["id"])


@pytest.mark.parametrize("file", recordings("data_source"), ids=short)
def test_a_recorded_data_source_is_shown_as_it_was(stage, workspace, file):
    expected = recorded(file)
    source_id = workspace.load_recorded_data_source(expected)
    stage.show(workspace)
    answer = stage.get(f"/v1/data_sources/{source_id}", version=version_of(file)).json()
    assert without(answer, "request_id") == without(expected, "request_id")


@pytest.mark.parametrize("file", DATABASES, ids=short)
def test_a_recorded_database_is_shown_as_it_was(stage, workspace, file):
    expected = recorded(file)
    database_id = workspace.load_recorded_database(expected)
    stage.show(workspace)
    version = "2025-09-03" if "archived" in expected else "2026-03-11"
    answer = stage.get(f"/v1/databases/{database_id}", version=version).json()
    assert without(answer, "request_id") == without(expected, "request_id")


def test_an_old_client_sees_a_database_in_the_shape_recorded_then(stage, workspace):
    expected = recorded("database/notion_ruby_mapping/retrieve_database_button.json")
    database = workspace.create_database("Buttons", {"Name": "title", "Buttons": "button"})
    stage.show(workspace)
    answer = stage.get(f"/v1/databases/{database.id}", version="2022-06-28").json()
    assert set(expected) <= set(answer)
    assert answer["object"] == "database"
    assert set(expected["properties"]["Buttons"]) <= set(answer["properties"]["Buttons"])


@pytest.mark.parametrize("file", recordings("page"), ids=short)
def test_a_recorded_page_is_shown_as_it_was(stage, workspace, file):
    expected = recorded(file)
    page_id = workspace.load_recorded_page(expected)
    stage.show(workspace)
    version = "2025-09-03" if "archived" in expected else "2026-03-11"
    answer = stage.get(f"/v1/pages/{page_id}", version=version).json()
    assert without(answer, "request_id") == without(expected, "request_id")


@pytest.mark.parametrize("file", [file for file in recordings("property_item") if file not in ITEM_WALK], ids=short)
def test_a_recorded_property_item_is_shown_as_it_was(stage, workspace, file):
    expected = recorded(file)
    column_id = load_items(workspace, [expected])
    stage.show(workspace)
    answer = stage.get(f"/v1/pages/{PAGE_ID}/properties/{column_id}").json()
    assert without(answer, "request_id") == without(expected, "request_id")


def test_a_recorded_walk_of_property_items_is_replayed_value_for_value(stage, workspace):
    parts = [recorded(file) for file in ITEM_WALK]
    column_id = load_items(workspace, parts)
    stage.show(workspace)
    cursor: dict[str, Any] = {}
    for expected in parts:
        path = f"/v1/pages/{PAGE_ID.replace('-', '')}/properties/{column_id}"
        answer = stage.get(path, params={"page_size": 5, **cursor}).json()
        varying = ("request_id", "next_cursor", "property_item")
        assert without(answer, *varying) == without(expected, *varying)
        assert without(answer["property_item"], "next_url") == without(expected["property_item"], "next_url")
        if expected["has_more"]:
            shown, before = (urlsplit(body["property_item"]["next_url"]) for body in (answer, expected))
            assert shown.path == before.path
            assert shown.query == f"start_cursor={answer['next_cursor']}&page_size=5"
            assert len(answer["next_cursor"]) == len(expected["next_cursor"])
        cursor = {"start_cursor": answer["next_cursor"]}


def load_items(workspace: Workspace, items: list[dict[str, Any]]) -> str:
    """A page with one column whose value was recorded as property items; returns the column's id."""
    first = items[0]
    head = first.get("property_item", first)
    kind, column_id = head["type"], head["id"]
    configuration: dict[str, Any] = {}
    results = [result for item in items for result in item.get("results", [])]
    if kind == "rollup":
        parts = [{"type": part["type"], part["type"]: part[part["type"]]} for part in results]
        content: Any = dict(head["rollup"])
        if content["type"] == "array":
            content["array"] = parts
            configuration["rollup_property_id"] = unquote(results[0]["id"])
    elif first["object"] == "list":
        content = [result[kind] for result in results]
    else:
        content = first[kind]
    page = recorded("page/notion_ruby_mapping/retrieve_page_top.json")
    schema = SCHEMAS["4f93db51-4e1d-4015-b07f-876e34c3b0b1"]
    column = {"id": column_id, "name": "Column", "description": None, "type": kind, kind: configuration}
    source_id = workspace.load_recorded_data_source({**schema, "properties": {"Column": column}})
    times = {kind: content} if kind in ("created_time", "last_edited_time") else {}
    workspace.load_recorded_page(
        {
            **page,
            **times,
            "id": PAGE_ID,
            "parent": {"type": "data_source_id", "data_source_id": source_id},
            "properties": {"Column": {"id": column_id, "type": kind, kind: content}},
        }
    )
    return str(column_id)


USER_LISTS = [file for file in recordings("users") if recorded(file)["object"] == "list"]
BOTS = [file for file in recordings("users") if recorded(file)["object"] == "user"]


@pytest.mark.parametrize("file", USER_LISTS, ids=short)
def test_recorded_users_are_listed_as_they_were(stage, workspace, file):
    expected = recorded(file)
    # The anonymised recording gives two bots one id: only the users that can be told apart are compared.
    users = list({user["id"]: user for user in expected["results"]}.values())
    workspace.load_recorded_users(users)
    stage.show(workspace)
    answer = stage.get("/v1/users").json()
    assert without(answer, "request_id") == without(expected, "request_id") | {"results": users}


@pytest.mark.parametrize("file", BOTS, ids=short)
def test_the_connection_sees_itself_as_it_was_recorded(stage, workspace, file):
    expected = recorded(file)
    workspace.load_recorded_users([without(expected, "request_id")])
    stage.show(workspace)
    assert without(stage.get("/v1/users/me").json(), "request_id") == without(expected, "request_id")


SDK, RUBY, ULTIMATE = "errors/notion-sdk-py/", "errors/notion_ruby_mapping/", "errors/ultimate-notion/"
ERRORS = {
    SDK + "test_api_response_error__000.json": "invalid",
    SDK + "test_api_response_error__001.json": "users/me",
    SDK + "test_build_request_error_integration__000.json": "pages/00000000-0000-0000-0000-000000000000",
    RUBY + "retrieve_data_source_unpermitted_data_source.json": "data_sources/00da364b-aaca-4b3b-94f5-21db691d804a",
    RUBY + "retrieve_data_source_wrong_format.json": "data_sources/AAA",
    RUBY + "retrieve_database_unpermitted_database.json": "databases/668d797c-76fa-4934-9b05-ad288df2d136",
    RUBY + "retrieve_database_wrong_format.json": "databases/AAA",
    RUBY + "retrieve_page_unpermitted_page.json": "pages/2600ce2a6520801c86cbfd0b73eb91de",
    RUBY + "retrieve_page_wrong_format.json": "pages/AAA",
    ULTIMATE + "test_cli__test_upload_invalid_page_uuid__000.json": "pages/12345678-1234-1234-1234-123456789abc",
    ULTIMATE + "test_session__test_get_page_by_id__002.json": "pages/7855b161-f63e-4683-b7c7-8ca6e97ee266",
    ULTIMATE + "test_session__test_whoami_get_user__002.json": "users/745e79dd-3e43-40de-9d51-39357c1c428f",
}


@pytest.mark.parametrize(("file", "path"), ERRORS.items(), ids=[short(file) for file in ERRORS])
def test_a_recorded_error_is_answered_as_it_was(stage, workspace, file, path):
    expected = recorded(file)
    stage.show(workspace)
    response = stage.get(f"/v1/{path}", token="ntn_wrong" if expected["status"] == 401 else "ntn_contract")
    answer = response.json()
    assert response.status_code == answer["status"] == expected["status"]
    # Every answer says more by now (the connection's name and id), never less.
    assert set(expected) <= set(answer)
    assert (answer["object"], answer["code"]) == (expected["object"], expected["code"])
    assert (
        answer["message"].split(" with your integration")[0] == expected["message"].split(" with your integration")[0]
    )


def test_every_recorded_error_is_tried():
    blocks = {file for file in recordings("errors") if "block" in file}
    assert set(recordings("errors")) - blocks == set(ERRORS)
