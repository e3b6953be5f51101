"""Every type of Notion property, recorded and constructed, as one plain value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.notion_values import Mark, mark, plain

RECORDINGS = Path(__file__).parents[2] / "contract" / "recordings" / "notion"
TYPES = {
    "title",
    "rich_text",
    "number",
    "select",
    "status",
    "multi_select",
    "date",
    "people",
    "files",
    "checkbox",
    "url",
    "email",
    "phone_number",
    "formula",
    "relation",
    "rollup",
    "created_time",
    "last_edited_time",
    "created_by",
    "last_edited_by",
    "unique_id",
    "verification",
    "button",
    "place",
}


def pages(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if found.get("object") == "page":
            yield found
        for value in found.values():
            yield from pages(value)
    elif isinstance(found, list):
        for value in found:
            yield from pages(value)


def recorded() -> list[dict[str, Any]]:
    files = sorted(RECORDINGS.rglob("*.json"))
    found = (page for file in files for page in pages(json.loads(file.read_text("utf-8"))))
    return [value for page in found for value in (page.get("properties") or {}).values() if isinstance(value, dict)]


def test_every_recorded_value_has_a_plain_form():
    values = recorded()
    assert {value["type"] for value in values} == TYPES
    for value in values:
        found = plain(value, {})
        assert found is None or isinstance(found, (str, int, float, bool, list)), value
        assert not isinstance(found, list) or all(isinstance(part, str) for part in found), value
        assert found is None or "None" not in str(found), value


def test_every_recorded_text_is_whole():
    texts = [value for value in recorded() if value["type"] in ("title", "rich_text")]
    pieces = [value[value["type"]] for value in texts]
    assert max(map(len, pieces)) > 1
    for value, content in zip(texts, pieces, strict=True):
        assert (plain(value, {}) or "") == "".join(piece["plain_text"] for piece in content)


def test_every_recorded_empty_value_is_nothing():
    for value in recorded():
        if value[value["type"]] is None or value[value["type"]] == []:
            assert plain(value, {}) in (None, []), value


DATE = {"start": "2026-06-01", "end": "2026-06-30", "time_zone": None}


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("title", [{"plain_text": "Padaria "}, {"plain_text": "do Zé"}], "Padaria do Zé"),
        ("title", [], None),
        ("rich_text", [{"plain_text": "a"}, {"type": "mention", "plain_text": "@b"}, {"plain_text": "c"}], "a@bc"),
        ("number", 0.25, 0.25),
        ("number", 0, 0),
        ("select", {"id": "1", "name": "SP", "color": "red"}, "SP"),
        ("status", {"id": "1", "name": "Feito"}, "Feito"),
        ("multi_select", [{"name": "a"}, {"name": "b"}], ["a", "b"]),
        ("date", DATE, "2026-06-01"),
        (
            "people",
            [
                {"id": "u1", "name": "Ana"},
                {"object": "user", "id": "u2"},
                {"object": "group", "id": "g", "name": "Fiscal"},
            ],
            ["Ana", "u2", "Fiscal"],
        ),
        ("people", [{"object": "user", "id": "u1", "name": None}, {"object": "group", "id": "g"}], ["u1", "g"]),
        ("title", [{"plain_text": None, "text": {"content": "a"}}, {"plain_text": None}], "a"),
        ("select", {"id": "1", "name": None}, None),
        ("multi_select", [{"id": "1", "name": None}, {"name": "b"}], ["b"]),
        (
            "files",
            [{"name": "", "type": "external", "external": {"url": "https://a.example/x"}}],
            ["https://a.example/x"],
        ),
        ("files", [{"type": "file", "file": {"url": "https://signed.example/x"}}], []),
        ("rollup", {"type": "array", "array": [{"type": "number", "number": 12.0}]}, ["12"]),
        ("rollup", {"type": "array", "array": [{"type": "checkbox", "checkbox": True}]}, ["true"]),
        ("formula", {"type": "hologram", "hologram": [1]}, "[1]"),
        ("verification", {"state": "verified", "date": None, "verified_by": {"id": "u1"}}, "verified"),
        ("verification", {"state": "unverified", "date": None, "verified_by": None}, "unverified"),
        ("place", {"lat": 0, "lon": 0, "name": None, "address": None}, "0,0"),
        ("files", [{"name": "a.pdf", "file": {"url": "https://signed.example/x", "expiry_time": "soon"}}], ["a.pdf"]),
        ("checkbox", False, False),
        ("url", "https://example.com", "https://example.com"),
        ("email", "a@example.com", "a@example.com"),
        ("phone_number", "11 99999", "11 99999"),
        ("formula", {"type": "string", "string": "x"}, "x"),
        ("formula", {"type": "string", "string": None}, None),
        ("formula", {"type": "number", "number": 2}, 2),
        ("formula", {"type": "boolean", "boolean": False}, False),
        ("formula", {"type": "date", "date": DATE}, "2026-06-01"),
        ("formula", {"type": "date", "date": None}, None),
        ("formula", {"type": "unsupported", "unsupported": {}}, None),
        ("relation", [{"id": "p1"}, {"id": "p2"}], ["Ana", "p2"]),
        ("rollup", {"type": "number", "number": 3, "function": "sum"}, 3),
        ("rollup", {"type": "date", "date": DATE, "function": "latest_date"}, "2026-06-01"),
        (
            "rollup",
            {
                "type": "array",
                "array": [
                    {"type": "title", "title": [{"plain_text": "a"}]},
                    {"type": "relation", "relation": [{"id": "p1"}]},
                    {"type": "number", "number": None},
                ],
            },
            ["a", "Ana"],
        ),
        ("rollup", {"type": "unsupported", "unsupported": {}, "function": "sum"}, None),
        ("rollup", {"type": "incomplete", "incomplete": {}, "function": "sum"}, None),
        ("created_time", "2026-06-01T10:00:00.000Z", "2026-06-01T10:00:00.000Z"),
        ("last_edited_time", "2026-06-01T10:00:00.000Z", "2026-06-01T10:00:00.000Z"),
        ("created_by", {"object": "user", "id": "u1"}, "u1"),
        ("last_edited_by", {"object": "user", "id": "u1", "name": "Ana"}, "Ana"),
        ("unique_id", {"prefix": "OBR", "number": 42}, "OBR-42"),
        ("unique_id", {"prefix": None, "number": 42}, "42"),
        ("unique_id", {"prefix": "OBR", "number": None}, None),
        ("verification", {"state": "expired", "date": DATE, "verified_by": None}, "expired"),
        ("button", {}, None),
        ("place", {"lat": 1.5, "lon": -2, "name": "Escritório", "address": "Rua"}, "Escritório"),
        ("place", {"lat": 1.5, "lon": -2, "name": None, "address": None}, "1.5,-2"),
        ("place", {"lat": None, "lon": None, "name": None, "address": None}, None),
        ("last_visited_time", "2026-06-01", '"2026-06-01"'),
        ("hologram", {"a": 1}, '{"a": 1}'),
    ],
)
def test_a_value_of_each_type(kind, content, expected):
    found = plain({"id": "x", "type": kind, kind: content}, {"p1": "Ana"})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("kind", sorted(TYPES | {"hologram"}))
def test_null_is_nothing(kind):
    assert plain({"id": "x", "type": kind, kind: None}, {}) in (None, [])
    assert plain({"id": "x", "type": kind}, {}) in (None, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # The first answers of 2022-06-28 named the properties and left their values to another endpoint.
        ({"id": "abc"}, Mark.CUT),
        ({"id": "abc", "type": "number"}, Mark.CUT),
        ({"id": "abc", "type": "relation", "has_more": False}, Mark.CUT),
        ({"id": "abc", "type": "button"}, None),
        ({"id": "abc", "type": "number", "number": None}, None),
        ({"id": "abc", "type": "formula", "formula": None}, None),
        ({"id": "abc", "type": "formula", "formula": {"expression": "1 + 1"}}, Mark.UNSUPPORTED),
        ({"id": "abc", "type": "formula", "formula": {"type": "number"}}, Mark.UNSUPPORTED),
        ({"id": "abc", "type": "formula", "formula": {"type": "number", "number": None}}, None),
        ({"id": "abc", "type": "rollup", "rollup": {"type": "array", "function": "show_original"}}, Mark.UNSUPPORTED),
        ({"id": "abc", "type": "rollup", "rollup": {"type": "array", "array": None}}, None),
        (
            {"id": "abc", "type": "rollup", "rollup": {"type": "array", "array": [{"type": "formula", "formula": {}}]}},
            Mark.UNSUPPORTED,
        ),
    ],
)
def test_a_value_that_the_answer_leaves_out_is_marked_and_no_empty_one(value, expected):
    assert mark(value) is expected
    assert plain(value, {}) in (None, [])


def test_a_value_that_does_not_say_its_type_is_read_by_the_name_it_stands_under():
    assert plain({"id": "title", "title": [{"text": {"content": "Padaria"}}]}, {}) == "Padaria"
    assert plain({"id": "abc", "relation": [{"id": "p1"}], "has_more": False}, {"p1": "Ana"}) == ["Ana"]
    assert mark({"id": "abc", "relation": [{"id": "p1"}], "has_more": True}) is Mark.CUT


@pytest.mark.parametrize("zone", ["America", "x" * 5000, "Mars/Base", "../zone", "a\0b", 5])
def test_a_time_zone_that_is_none_makes_the_value_unreadable_and_no_more(zone):
    with pytest.raises((TypeError, ValueError, KeyError)):
        plain({"type": "date", "date": {"start": "2026-11-10T09:00:00.000", "end": None, "time_zone": zone}}, {})


def test_a_text_of_the_first_version_is_read_as_one():
    assert plain({"id": "x", "type": "text", "text": [{"plain_text": "a "}, {"plain_text": "b"}]}, {}) == "a b"


def test_the_constructed_unsupported_values_are_nothing_and_not_zero():
    found = json.loads((RECORDINGS / "constructed_from_docs" / "property_values_unsupported.json").read_text("utf-8"))
    assert [plain(value, {}) for value in found.values()] == [None, None]
