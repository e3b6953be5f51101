"""Cells that a page does not hold in full, and what they are when completed."""

import pytest

from services.notion_extractor.cut import LIMIT, CutCell, completed, cut_cells, still_cut

FEW, MANY = LIMIT - 1, LIMIT
MENTION = {"type": "mention", "plain_text": "@Ana"}
TEXT = {"type": "text", "plain_text": "x"}


def cell(kind, content, **more):
    return {"id": "p%3A", "type": kind, kind: content, **more}


def rollup(count, kind="array"):
    return cell("rollup", {"type": kind, kind: [{"type": "number", "number": 1}] * count, "function": "show_original"})


@pytest.mark.parametrize(
    ("given", "is_cut"),
    [
        (cell("relation", [{"id": "x"}] * MANY, has_more=True), True),
        (cell("relation", [{"id": "x"}] * MANY, has_more=False), False),
        (cell("relation", [{"id": "x"}] * MANY), False),
        (cell("people", [{"id": "x"}] * MANY), True),
        (cell("people", [{"id": "x"}] * FEW), False),
        (cell("rich_text", [MENTION] * MANY), True),
        (cell("title", [TEXT, MENTION] * MANY), True),
        (cell("rich_text", [MENTION] * FEW + [TEXT] * 50), False),
        (cell("rich_text", [TEXT] * 50), False),
        (rollup(MANY), True),
        (rollup(FEW), False),
        (rollup(MANY, "number"), False),
        (cell("multi_select", [{"name": "x"}] * 100), False),
        (cell("files", [{"name": "x"}] * 100), False),
        (cell("people", None), False),
        (cell("rich_text", "x"), False),
        (cell("rollup", None), False),
        (cell("hologram", {}, has_more=True), False),
    ],
    ids=[
        "a relation that says so",
        "a relation that is whole",
        "a relation that says nothing",
        "25 people",
        "24 people",
        "25 mentions",
        "25 mentions between texts",
        "24 mentions",
        "a long text without mentions",
        "a rollup of 25",
        "a rollup of 24",
        "a rollup that is no list",
        "many options",
        "many files",
        "null",
        "a text of the wrong type",
        "an empty rollup",
        "a type that nobody knows",
    ],
)
def test_a_cell_is_cut_where_its_type_is_limited(given, is_cut):
    found = cut_cells({"properties": {"Nome": given}})
    assert found == ([CutCell("Nome", "p%3A", given["type"])] if is_cut else [])


@pytest.mark.parametrize(
    "row",
    [{}, {"properties": None}, {"properties": []}, {"properties": {"A": None}}, {"properties": {"A": {"type": 7}}}],
    ids=["no properties", "null", "a list", "a null cell", "no id"],
)
def test_what_is_no_property_has_nothing_to_complete(row):
    assert cut_cells(row) == []


@pytest.mark.parametrize(
    ("before", "items", "content"),
    [
        (
            cell("relation", [{"id": "a"}], has_more=True),
            [{"relation": {"id": "a"}}, {"relation": {"id": "b"}}],
            [{"id": "a"}, {"id": "b"}],
        ),
        (cell("people", []), [{"people": {"object": "user", "id": "u"}}], [{"object": "user", "id": "u"}]),
        (cell("rich_text", []), [{"rich_text": TEXT}, {"rich_text": MENTION}], [TEXT, MENTION]),
        (
            rollup(1),
            [{"object": "property_item", "id": "z", "type": "date", "date": None}],
            {"type": "array", "array": [{"type": "date", "date": None}], "function": "show_original"},
        ),
    ],
    ids=["relation", "people", "text", "rollup"],
)
def test_a_completed_cell_holds_all_entries_and_says_that_it_is_whole(before, items, content):
    after = completed(before, items)
    assert (after[after["type"]], after["has_more"]) == (content, False)
    assert (after["id"], after["type"]) == (before["id"], before["type"])


def test_a_cell_that_stays_cut_says_so():
    before = cell("people", [{"id": "x"}])
    assert still_cut(before) == {**before, "has_more": True}
