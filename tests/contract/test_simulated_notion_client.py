"""The public Python client of Notion works against the simulator with only its address changed."""

from collections.abc import Iterator

import httpx
import pytest
from notion_client import APIErrorCode, APIResponseError, Client
from notion_client.helpers import collect_paginated_api, iterate_paginated_api

from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import NEWEST, TOKEN, Clock, Stage, opened_stage

SCHEMA = {"Cliente": "title", "Código": {"number": {"format": "number"}}, "Notas": "rich_text", "Grupo": "relation"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with opened_stage() as opened:
        yield opened


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(11, Clock())


@pytest.fixture
def client(stage) -> Iterator[Client]:
    yield from connected(stage, TOKEN)


def connected(stage: Stage, token: str) -> Iterator[Client]:
    with httpx.Client() as transport:
        yield Client(auth=token, base_url=stage.address, notion_version=NEWEST, retry=False, client=transport)


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
