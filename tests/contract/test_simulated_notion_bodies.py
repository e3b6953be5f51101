"""Which bodies of a query Notion takes, and which it does not."""

import json
from typing import Any

import pytest

from tests.contract.simulated_notion import OLDEST_FIRST, ids


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
        {"result_type": "block"},
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
