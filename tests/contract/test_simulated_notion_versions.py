"""Who asks in which version with which token and capability, and what differs."""

import pytest

from simulators.notion.settings import NotionSettings
from tests.contract.simulated_notion import fill, recorded


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
