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


def test_what_each_version_serves_and_how_it_names_what_is_gone(stage, workspace, source_id):
    database_id = workspace.data_sources[source_id].database_id
    kept, gone = fill(workspace, source_id, 2)
    workspace.trash(gone)
    stage.show(workspace)
    seen = {}
    for version in ("2022-06-28", "2025-09-03", "2026-03-11"):
        page = stage.get(f"/v1/pages/{gone}", version=version).json()
        parent = stage.get(f"/v1/pages/{kept}", version=version).json()["parent"]
        seen[version] = {
            "old query": stage.post(f"/v1/databases/{database_id}/query", version=version).status_code,
            "new query": stage.post(f"/v1/data_sources/{source_id}/query", version=version).status_code,
            "database has columns": "properties" in stage.get(f"/v1/databases/{database_id}", version=version).json(),
            "gone": {name: page[name] for name in ("archived", "in_trash") if name in page},
            "parent": parent["type"],
            "takes archived in a query": stage.post(
                f"/v1/{'databases' if version < '2025' else 'data_sources'}"
                f"/{database_id if version < '2025' else source_id}/query",
                {"archived": False},
                version=version,
            ).status_code,
            "searched for": [
                kind
                for kind in ("database", "data_source")
                if stage.post("/v1/search", {"filter": {"property": "object", "value": kind}}, version=version).ok
            ],
        }
    both = {"archived": True, "in_trash": True}
    newer = {"old query": 400, "new query": 200, "database has columns": False, "parent": "data_source_id"}
    assert seen == {
        "2022-06-28": {
            "old query": 200,
            "new query": 400,
            "database has columns": True,
            "gone": both,
            "parent": "database_id",
            "takes archived in a query": 200,
            "searched for": ["database"],
        },
        "2025-09-03": newer | {"gone": both, "takes archived in a query": 200, "searched for": ["data_source"]},
        "2026-03-11": newer
        | {"gone": {"in_trash": True}, "takes archived in a query": 400, "searched for": ["data_source"]},
    }


def test_a_wiki_has_data_sources_among_its_rows_unless_only_pages_are_asked_for(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    nested = workspace.create_database("Manuais", {"Nome": "title"}).data_source_ids[0]
    workspace.put_source_in(source_id, nested)
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    found = {
        kind: [(row["object"], row["id"]) for row in stage.post(path, body).json()["results"]]
        for kind, body in {"all": {}, "page": {"result_type": "page"}}.items()
    }
    assert found == {"all": [("data_source", nested), ("page", page_id)], "page": [("page", page_id)]}
