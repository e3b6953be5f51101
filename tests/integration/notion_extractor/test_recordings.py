"""Every recorded answer of the live API lands as it was recorded."""

import json
from typing import Any

import pytest

from services.notion_extractor.cut import completed, cut_cells
from services.notion_extractor.drift import columns
from services.notion_extractor.mapping import resolve
from shared.contracts.events import SourceFailed
from tests.contract.simulated_notion import recorded, recordings
from tests.integration.notion_extractor.conftest import (
    QUERY,
    SCHEMA,
    SOURCE_ID,
    error,
    facts,
    listed,
    reply,
)


def newest_of_each(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a batch holds them: of a repeated row the last of its newest versions."""
    newest: dict[str, dict[str, Any]] = {}
    for each in rows:
        before = newest.get(each["id"])
        if before is None or each["last_edited_time"] >= before["last_edited_time"]:
            newest[each["id"]] = each
    return list(newest.values())


def is_marked(row: dict[str, Any]) -> bool:
    return all(row["properties"][cell.name].get("has_more") is True for cell in cut_cells(row))


@pytest.mark.parametrize("file", recordings("query"))
def test_the_rows_of_a_recorded_query_land_as_they_are(room, source, file):
    body = recorded(file)
    rows = [each for each in body["results"] if each["object"] == "page"]
    source.replies["/v1/pages/"] = reply(404, error(404, "object_not_found"))
    source.replies[QUERY] = reply(body={**body, "has_more": False, "next_cursor": None})
    office = room(SOURCE_ID, url=source.url)
    assert facts(office.run(), SourceFailed) == []
    landed = {each["id"]: each for each in office.rows(office.batches(SOURCE_ID)[0])}
    wanted = {each["id"]: each for each in newest_of_each(rows)}
    assert landed.keys() == wanted.keys()
    for row_id, each in landed.items():
        assert is_marked(each)
        assert each == wanted[row_id] or cut_cells(wanted[row_id])


@pytest.mark.parametrize("file", recordings("page"))
def test_a_recorded_page_lands_as_it_is(room, source, file):
    page = recorded(file)
    source.replies["/v1/pages/"] = reply(404, error(404, "object_not_found"))
    source.replies[QUERY] = reply(body=listed(page))
    office = room(SOURCE_ID, url=source.url)
    assert facts(office.run(), SourceFailed) == []
    (landed,) = office.rows(office.batches(SOURCE_ID)[0])
    assert is_marked(landed)
    assert landed == page or cut_cells(page)


@pytest.mark.parametrize("file", recordings("data_source"))
def test_a_recorded_schema_is_understood(file):
    schema = recorded(file)
    mapping = resolve(schema, {})
    assert set(columns(schema["properties"])) == {each["id"] for each in schema["properties"].values() if "id" in each}
    assert json.loads(json.dumps(mapping)) == mapping
    titles = [name for name, each in schema["properties"].items() if each["type"] == "title"]
    assert [feed["name"] for field, feed in mapping["fields"].items() if field == "title"] == titles


@pytest.mark.parametrize("file", [file for file in recordings("property_item") if recorded(file)["object"] == "list"])
def test_the_entries_of_a_recorded_property_complete_a_cell(file):
    answer = recorded(file)
    kind = answer["property_item"]["type"]
    cell = {"id": answer["property_item"]["id"], "type": kind, kind: {"type": "array", "array": []}}
    whole = completed(cell, answer["results"])
    entries = whole[kind]["array"] if kind == "rollup" else whole[kind]
    assert len(entries) == len(answer["results"])
    assert whole["has_more"] is False
    for entry, item in zip(entries, answer["results"], strict=True):
        assert entry == ({"type": item["type"], item["type"]: item[item["type"]]} if kind == "rollup" else item[kind])


@pytest.mark.parametrize("file", recordings("errors"))
def test_a_recorded_error_is_a_named_one(room, source, file):
    body = recorded(file)
    source.replies[QUERY] = reply(body["status"], body)
    source.replies["/v1/databases/"] = reply(body={"object": "database", "data_sources": [{"id": SOURCE_ID}]})
    source.replies[f"/v1/data_sources/{SOURCE_ID}"] = reply(body=SCHEMA)
    office = room(SOURCE_ID, url=source.url)
    said = office.run()
    assert office.batches(SOURCE_ID) == []
    words = [getattr(fact, "reason", "") + getattr(fact, "hint", "") for fact in said]
    assert any(body["message"][:40] in word for word in words)
