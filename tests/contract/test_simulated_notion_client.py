"""The public Python client of Notion works against the simulator with only its address changed."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from notion_client import APIErrorCode, APIResponseError, Client
from notion_client.helpers import collect_paginated_api, iterate_paginated_api

from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace
from tests.contract.notion_office import Office, office, plain_row
from tests.contract.simulated_notion import NEWEST, OLDEST_FIRST, TOKEN, Clock, Stage

SCHEMA = {"Cliente": "title", "Código": {"number": {"format": "number"}}, "Notas": "rich_text", "Grupo": "relation"}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(11, Clock())


@pytest.fixture
def client(stage) -> Iterator[Client]:
    yield from connected(stage, TOKEN)


@pytest.fixture(scope="module")
def truth() -> Office:
    return office(230)


def connected(stage: Stage, token: str, **options: Any) -> Iterator[Client]:
    chosen = {"notion_version": NEWEST, "retry": False, **options}
    with httpx.Client() as transport:
        yield Client(auth=token, base_url=stage.address, client=transport, **chosen)


def test_it_finds_itself_the_users_and_the_database(stage, workspace, client):
    person = workspace.add_person("Ana Souza", "ana@example.com")
    database = workspace.create_database("Clientes", SCHEMA)
    stage.show(workspace)
    assert client.users.me()["id"] == workspace.bot_id
    assert [user["id"] for user in client.users.list()["results"]] == [workspace.bot_id, person]
    found = client.databases.retrieve(database.id)
    assert found["data_sources"] == [{"id": database.data_source_ids[0], "name": "Clientes"}]
    schema = client.data_sources.retrieve(database.data_source_ids[0])["properties"]
    assert {name: column["type"] for name, column in schema.items()} == {
        "Cliente": "title",
        "Código": "number",
        "Notas": "rich_text",
        "Grupo": "relation",
    }


def test_its_pagination_helper_collects_every_row_once(stage, workspace, client):
    source_id = workspace.create_database("Clientes", SCHEMA).data_source_ids[0]
    made = [workspace.create_page(source_id, {"Cliente": f"Cliente {n}", "Código": n}) for n in range(250)]
    stage.show(workspace)
    rows = collect_paginated_api(client.data_sources.query, data_source_id=source_id)
    assert [row["id"] for row in rows] == list(reversed(made))
    filtered = iterate_paginated_api(
        client.data_sources.query,
        data_source_id=source_id,
        page_size=7,
        filter={"property": "Código", "number": {"less_than": 20}},
        sorts=[{"property": "Código", "direction": "ascending"}],
    )
    assert [row["id"] for row in filtered] == made[:20]


def test_it_reads_a_page_and_one_of_its_properties(stage, workspace, client):
    source_id = workspace.create_database("Clientes", SCHEMA).data_source_ids[0]
    related = [workspace.create_page(source_id, {"Cliente": f"Filial {n}"}) for n in range(30)]
    page_id = workspace.create_page(source_id, {"Cliente": "Matriz", "Grupo": related})
    stage.show(workspace)
    page = client.pages.retrieve(page_id)
    assert page["properties"]["Grupo"]["has_more"] is True
    column_id = page["properties"]["Grupo"]["id"]
    items = collect_paginated_api(
        client.pages.properties.retrieve, page_id=page_id, property_id=column_id, page_size=20
    )
    assert [item["relation"]["id"] for item in items] == related


def test_it_searches_by_title(stage, workspace, client):
    source_id = workspace.create_database("Clientes", SCHEMA).data_source_ids[0]
    wanted = workspace.create_page(source_id, {"Cliente": "Padaria Aurora"})
    workspace.create_page(source_id, {"Cliente": "Oficina Central"})
    stage.show(workspace)
    found = client.search(query="aurora", filter={"property": "object", "value": "page"})
    assert [page["id"] for page in found["results"]] == [wanted]


@pytest.mark.parametrize(
    ("settings", "token", "path", "code", "status"),
    [
        (NotionSettings(), "ntn_wrong", "users/me", APIErrorCode.Unauthorized, 401),
        (NotionSettings(), TOKEN, "pages/7855b161-f63e-4683-b7c7-8ca6e97ee266", APIErrorCode.ObjectNotFound, 404),
        (NotionSettings(), TOKEN, "pages/AAA", APIErrorCode.ValidationError, 400),
        (NotionSettings(), TOKEN, "nowhere", APIErrorCode.InvalidRequestURL, 400),
        (NotionSettings(read_user_info=False), TOKEN, "users", APIErrorCode.RestrictedResource, 403),
        (NotionSettings(requests_per_window=0), TOKEN, "users/me", APIErrorCode.RateLimited, 429),
    ],
    ids=["refused token", "absent", "malformed id", "unknown address", "missing capability", "rate limit"],
)
def test_it_knows_the_code_of_every_refusal(*, stage, workspace, settings, token, path, code, status):
    stage.show(workspace, settings)
    for client in connected(stage, token):
        with pytest.raises(APIResponseError) as refused:
            client.request(path, "GET")
        assert refused.value.code == code
        assert refused.value.status == status
        assert refused.value.request_id == refused.value.headers["x-notion-request-id"]


@pytest.mark.parametrize("version", ["2025-09-03", "2026-03-11"])
def test_it_reads_a_whole_source_and_every_value_is_true(stage, truth, version):
    stage.show(truth.workspace)
    for client in connected(stage, TOKEN, notion_version=version):
        rows = collect_paginated_api(client.data_sources.query, data_source_id=truth.source_id, **OLDEST_FIRST)
        assert {row["id"]: plain_row(row["properties"]) for row in rows} == truth.truth
        assert [row["id"] for row in rows] == list(truth.truth)


def test_at_an_old_version_it_reads_the_source_through_its_database(stage, truth):
    stage.show(truth.workspace)
    for client in connected(stage, TOKEN, notion_version="2022-06-28"):

        def query(start_cursor: str | None = None, client: Client = client) -> Any:
            body = {"start_cursor": start_cursor} if start_cursor else {}
            return client.request(f"databases/{truth.database_id}/query", "POST", body=body)

        rows = collect_paginated_api(query)
        assert {row["id"]: plain_row(row["properties"]) for row in rows} == truth.truth
        assert {row["archived"] for row in rows} == {False}


def test_it_walks_a_window_of_edits_by_name_of_the_column_and_by_timestamp(stage, truth, client):
    stage.show(truth.workspace)
    since = "2026-01-05T11:00:00.000Z"
    expected = [page_id for page_id, row in truth.truth.items() if row["Editado em"] >= since]
    condition = {"on_or_after": since}
    for asked in (
        {"timestamp": "last_edited_time", "last_edited_time": condition},
        {"property": "Editado em", "date": condition},
    ):
        query = {"filter": asked, "page_size": 50, **OLDEST_FIRST}
        rows = collect_paginated_api(client.data_sources.query, data_source_id=truth.source_id, **query)
        assert [row["id"] for row in rows] == expected
    assert 0 < len(expected) < len(truth.truth)


def test_it_narrows_rows_to_some_columns(stage, truth, client):
    stage.show(truth.workspace)
    columns = truth.workspace.data_sources[truth.source_id].properties
    wanted = [columns["E-mail"].decoded_id, "Regime"]
    answer = client.data_sources.query(truth.source_id, filter_properties=wanted)
    assert {tuple(row["properties"]) for row in answer["results"]} == {("Regime", "E-mail")}


def test_it_reads_each_data_source_of_a_database_that_has_several(stage, client):
    divided = office(4)
    other = divided.workspace.add_data_source(divided.database_id, "Inativos", {"Nome": "title"})
    closed = divided.workspace.create_page(other, {"Nome": "Encerrado"})
    stage.show(divided.workspace)
    listed = client.databases.retrieve(divided.database_id)["data_sources"]
    assert listed == [{"id": divided.source_id, "name": "Clientes"}, {"id": other, "name": "Inativos"}]
    found = [collect_paginated_api(client.data_sources.query, data_source_id=source["id"]) for source in listed]
    assert [{row["id"] for row in rows} for rows in found] == [set(divided.truth), {closed}]
    for old in connected(stage, TOKEN, notion_version="2022-06-28"):
        with pytest.raises(APIResponseError) as refused:
            old.databases.retrieve(divided.database_id)
        assert (refused.value.additional_data or {})["child_data_source_ids"] == [divided.source_id, other]


def test_it_reads_one_property_of_each_kind_by_itself(stage, truth, client):
    stage.show(truth.workspace)
    page_id, row = list(truth.truth.items())[226]
    for name, cell in client.pages.retrieve(page_id)["properties"].items():
        item = client.pages.properties.retrieve(page_id=page_id, property_id=cell["id"])
        if item["object"] == "property_item":
            assert plain_row({name: item}) == {name: row[name]}
        elif cell["type"] == "rollup":
            assert item["property_item"]["rollup"]["number"] == row[name]
        else:
            parts = [part[cell["type"]] for part in item["results"]]
            assert plain_row({name: {"type": cell["type"], cell["type"]: parts}}) == {name: row[name]}


def test_a_cut_at_the_cap_looks_like_the_end_to_its_helper(stage, truth, client):
    stage.show(truth.workspace, NotionSettings(row_cap=120))
    rows = collect_paginated_api(client.data_sources.query, data_source_id=truth.source_id)
    assert len(rows) == 120 < len(truth.truth)


@pytest.mark.parametrize(
    ("settings", "code", "status"),
    [
        (NotionSettings(heavy_page_size=10), APIErrorCode.ServiceUnavailable, 503),
        (NotionSettings(blocked=True), APIErrorCode.RateLimited, 429),
        (NotionSettings(workspace_requests_per_window=0), APIErrorCode.RateLimited, 429),
        (NotionSettings(queries_per_window=0), APIErrorCode.RateLimited, 429),
        (NotionSettings(read_content=False), APIErrorCode.RestrictedResource, 403),
    ],
    ids=["too heavy", "blocked", "the workspace's limit", "the endpoint's limit", "missing capability"],
)
def test_it_knows_why_a_query_is_refused(*, stage, truth, client, settings, code, status):
    stage.show(truth.workspace, settings)
    with pytest.raises(APIResponseError) as refused:
        client.data_sources.query(truth.source_id)
    assert (refused.value.code, refused.value.status) == (code, status)


def test_an_expired_cursor_ends_its_walk_with_an_error(stage, truth, client):
    seconds = [0.0]
    stage.show(truth.workspace, NotionSettings(cursor_ttl=30), clock=lambda: seconds[0])
    walk = iterate_paginated_api(client.data_sources.query, data_source_id=truth.source_id)
    for _ in range(100):
        next(walk)
    seconds[0] = 31
    with pytest.raises(APIResponseError, match="start_cursor provided is invalid") as refused:
        next(walk)
    assert refused.value.code == APIErrorCode.ValidationError
