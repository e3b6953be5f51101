"""What becomes of rows: their times, what is gone and how, and what differs on every read."""

from datetime import datetime, timedelta

import pytest

from simulators.notion.values import HostedFile
from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import fill, ids


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


def test_a_search_finds_what_is_in_the_trash_only_when_asked_for_it(stage, workspace, source_id):
    kept, gone = fill(workspace, source_id, 2)
    workspace.trash(gone)
    stage.show(workspace)
    found = [
        ids(stage.post("/v1/search", {"filter": {"property": "object", "value": "page", **more}}).json())
        for more in ({}, {"in_trash": True})
    ]
    assert found == [[kept], [gone]]


def test_a_row_moved_out_of_every_data_source_is_a_page_with_its_title(stage, workspace, source_id):
    page_id = workspace.create_page(source_id, {"Nome": "Padaria", "Valor": 5})
    workspace.move_out(page_id)
    stage.show(workspace)
    assert ids(stage.post(f"/v1/data_sources/{source_id}/query").json()) == []
    page = stage.get(f"/v1/pages/{page_id}").json()
    assert (page["parent"]["type"], set(page["properties"])) == ("page_id", {"title"})
    assert page["properties"]["title"]["title"][0]["plain_text"] == "Padaria"


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


def test_the_same_seed_makes_the_same_workspace(clock):
    def made() -> list[str]:
        workspace = Workspace(5, clock)
        database = workspace.create_database("Clientes", {"Nome": "title", "Tipo": {"select": ["A"]}})
        page_id = workspace.create_page(database.data_source_ids[0], {"Nome": "x"})
        columns = workspace.data_sources[database.data_source_ids[0]].properties.values()
        return [database.id, page_id, *(column.id for column in columns)]

    assert made() == made()
