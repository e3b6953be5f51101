"""dlt's rest_client, configured as dlt's verified Notion source asks, works with only its address changed."""

from collections.abc import Iterator
from typing import Any

import pytest
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests import HTTPError

from simulators.notion.settings import NotionSettings
from tests.contract.notion_office import Office, office, plain_row
from tests.contract.simulated_notion import TOKEN, Stage


@pytest.fixture(scope="module")
def truth() -> Office:
    return office(230)


def client(stage: Stage, version: str) -> RESTClient:
    """Cursor in the body, read from next_cursor, until has_more is false; a retry would only slow the refusals."""
    return RESTClient(
        base_url=f"{stage.address}/v1",
        headers={"accept": "application/json", "Notion-Version": version},
        auth=BearerTokenAuth(TOKEN),
        paginator=JSONResponseCursorPaginator(
            cursor_path="next_cursor", cursor_body_path="start_cursor", has_more_path="has_more"
        ),
        data_selector="results",
    )


def rows(found: RESTClient, path: str, body: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    for page in found.paginate(path, method="POST", json=body or {}):
        yield from page


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("2022-06-28", "databases/{0.database_id}/query"),
        ("2025-09-03", "data_sources/{0.source_id}/query"),
        ("2026-03-11", "data_sources/{0.source_id}/query"),
    ],
)
def test_it_reads_a_whole_source_and_every_value_is_true(stage, truth, version, path):
    stage.show(truth.workspace)
    found = list(rows(client(stage, version), path.format(truth), {"page_size": 100}))
    assert {row["id"]: plain_row(row["properties"]) for row in found} == truth.truth
    assert len(found) == len(truth.truth)


def test_it_finds_the_databases_as_the_verified_source_does(stage, truth):
    stage.show(truth.workspace)
    asked = {"filter": {"value": "database", "property": "object"}}
    found = list(rows(client(stage, "2022-06-28"), "search/", asked))
    assert {(row["object"], row["title"][0]["plain_text"]) for row in found} == {
        ("database", "Clientes"),
        ("database", "Grupos"),
    }
    assert truth.database_id in {row["id"] for row in found}


def test_a_cut_at_the_cap_looks_like_the_end_to_it(stage, truth):
    stage.show(truth.workspace, NotionSettings(row_cap=120))
    found = list(rows(client(stage, "2022-06-28"), f"databases/{truth.database_id}/query"))
    assert len(found) == 120 < len(truth.truth)


def test_a_second_data_source_stops_it_with_an_error(stage):
    divided = office(3)
    divided.workspace.add_data_source(divided.database_id, "Inativos", {"Nome": "title"})
    stage.show(divided.workspace)
    with pytest.raises(HTTPError) as refused:
        list(rows(client(stage, "2022-06-28"), f"databases/{divided.database_id}/query"))
    assert refused.value.response.json()["additional_data"]["error_type"] == "multiple_data_sources_for_database"
