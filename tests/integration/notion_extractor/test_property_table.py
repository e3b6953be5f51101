"""The reference's table of property values, row by row: served by Notion, landed as they are, read as one value.

The values are our own, made after the reference and the recordings.
"""

from typing import Any

import pytest

from shared.contracts.notion_values import mark, plain
from simulators.notion.values import SEGMENT

DAY = {"start": "2026-11-10", "end": None, "time_zone": None}
RANGE = {"start": "2026-11-10T09:00:00.000-03:00", "end": "2026-11-12T18:00:00.000-03:00", "time_zone": None}
ZONED = {"start": "2026-11-10T09:00:00.000", "end": None, "time_zone": "America/Sao_Paulo"}
PERSON = {"object": "user", "id": "u1", "type": "person", "name": "Ana", "person": {"email": "ana@example.com"}}
UNSEEN = {"object": "user", "id": "u2"}
AGENT = {"object": "user", "id": "u4", "type": "agent", "name": "Assistente", "agent": {}}
BOT = {"object": "user", "id": "u3", "type": "bot", "name": "Robô", "bot": {}}
GROUP = {"object": "group", "id": "g1", "name": "Fiscal"}
OPTION = {"id": "o1", "name": "SP", "color": "red"}
HOSTED = {"name": "a.pdf", "type": "file", "file": {"url": "https://f.example/a?X-Amz-Signature=1", "expiry_time": "x"}}
LINKED = {"name": "b.pdf", "type": "external", "external": {"url": "https://example.com/b.pdf"}}
PLACE = {
    "lat": -23.5,
    "lon": -46.6,
    "name": "Escritório",
    "address": "Rua",
    "aws_place_id": None,
    "google_place_id": "g",
}


def pieces(*texts):
    return [
        {"type": "text", "text": {"content": text, "link": None}, "plain_text": text, "href": None} for text in texts
    ]


def result(kind, value, **more):
    return {"type": kind, kind: value, **more}


# row of the table: (type, what stands under the type's name, the value that is read)
TABLE: dict[str, list[tuple[str, Any, Any]]] = {
    "title, rich_text": [
        ("title", pieces("Padaria ", "do Zé"), "Padaria do Zé"),
        ("title", [], None),
        ("rich_text", pieces("a" * SEGMENT, "b"), "a" * SEGMENT + "b"),
        (
            "rich_text",
            [{"type": "mention", "mention": {"type": "user"}, "plain_text": "@Ana"}, *pieces(" viu")],
            "@Ana viu",
        ),
        ("rich_text", [{"type": "equation", "equation": {"expression": "x"}, "plain_text": "x"}], "x"),
        ("rich_text", [], None),
    ],
    "number": [("number", 0.25, 0.25), ("number", 0, 0), ("number", -3, -3), ("number", None, None)],
    "select, status": [(kind, each, each and "SP") for kind in ("select", "status") for each in (OPTION, None)],
    "multi_select": [("multi_select", [OPTION, OPTION | {"name": "RJ"}], ["SP", "RJ"]), ("multi_select", [], [])],
    "date": [
        ("date", DAY, "2026-11-10"),
        ("date", RANGE, RANGE["start"]),
        ("date", ZONED, "2026-11-10T09:00:00-03:00"),
        ("date", None, None),
    ],
    "people": [
        ("people", [PERSON, UNSEEN, BOT, AGENT, GROUP], ["Ana", "u2", "Robô", "Assistente", "Fiscal"]),
        ("people", [], []),
    ],
    "files": [("files", [HOSTED, LINKED], ["a.pdf", "b.pdf"]), ("files", [], [])],
    "checkbox": [("checkbox", True, True), ("checkbox", False, False)],
    "url, email, phone_number": [
        (kind, each, each) for kind in ("url", "email", "phone_number") for each in ("qualquer coisa", None)
    ],
    "formula": [
        ("formula", result("string", "a"), "a"),
        ("formula", result("string", None), None),
        ("formula", result("number", 1.5), 1.5),
        ("formula", result("boolean", False), False),
        ("formula", result("date", RANGE), RANGE["start"]),
        ("formula", result("date", None), None),
        ("formula", result("unsupported", {}), None),
    ],
    "relation": [
        ("relation", [{"id": f"p{n}"} for n in range(many)], [f"p{n}" for n in range(many)]) for many in (0, 2, 30)
    ],
    "rollup": [
        ("rollup", result("number", 3, function="sum"), 3),
        ("rollup", result("number", None, function="sum"), None),
        ("rollup", result("date", DAY, function="latest_date"), "2026-11-10"),
        ("rollup", result("array", [], function="show_original"), []),
        (
            "rollup",
            result("array", [result("title", pieces("a")), result("number", 2)], function="show_original"),
            ["a", "2"],
        ),
        ("rollup", result("unsupported", {}, function="median"), None),
        ("rollup", result("incomplete", {}, function="sum"), None),
    ],
    "created_time, last_edited_time": [("created_time", None, None), ("last_edited_time", None, None)],
    "created_by, last_edited_by": [
        (kind, each, name)
        for kind in ("created_by", "last_edited_by")
        for each, name in ((PERSON, "Ana"), (UNSEEN, "u2"))
    ],
    "unique_id": [
        ("unique_id", {"prefix": "OBR", "number": 42}, "OBR-42"),
        ("unique_id", {"prefix": None, "number": 7}, "7"),
        ("unique_id", {"prefix": "OBR", "number": None}, None),
    ],
    "verification": [
        *(("verification", {"state": s, "date": DAY, "verified_by": PERSON}, s) for s in ("verified", "expired")),
        ("verification", {"state": "unverified", "date": None, "verified_by": None}, "unverified"),
        ("verification", None, None),
    ],
    "button": [("button", {}, None)],
    "place": [("place", PLACE, "Escritório"), ("place", None, None)],
    "types unknown to us": [
        ("last_visited_time", "2026-11-10", '"2026-11-10"'),
        ("location", {"lat": 1, "lon": 2}, '{"lat": 1, "lon": 2}'),
    ],
}
OF_THE_PAGE = ("created_time", "last_edited_time")


@pytest.mark.parametrize("row", TABLE)
def test_each_value_of_the_property_table_lands_lossless_and_is_read_as_its_type(room, workspace, row):
    wanted = {}
    office, sources = None, []
    for kind in {kind for kind, _, _ in TABLE[row]}:
        columns = {"X": "title"} if kind == "title" else {"Nome": "title", "X": kind}
        source = workspace.create_database(kind, columns).data_source_ids[0]
        sources.append(source)
        for _, content, expected in (case for case in TABLE[row] if case[0] == kind):
            given = {} if kind in OF_THE_PAGE else {"X": {kind: content}}
            wanted[workspace.create_page(source, given)] = (kind, content, expected)
    office = room(*sources)
    office.run()
    landed = {page["id"]: page for source in sources for page in office.rows(office.batches(source)[-1])}
    assert landed.keys() == wanted.keys()
    for page_id, (kind, content, expected) in wanted.items():
        cell, page = landed[page_id]["properties"]["X"], landed[page_id]
        assert (cell["type"], cell[kind]) == (kind, page[kind] if kind in OF_THE_PAGE else content)
        found, value = plain(cell, {}), page[kind] if kind in OF_THE_PAGE else expected
        assert (found, type(found)) == (value, type(value))
        uncomputed = cell[kind]["type"] if kind in ("formula", "rollup") else None
        assert (mark(cell) is not None) == (uncomputed in ("unsupported", "incomplete"))


def test_the_property_table_holds_all_24_types():
    of_notion = {kind for row, cases in TABLE.items() if row != "types unknown to us" for kind, _, _ in cases}
    assert len(of_notion) == 24


ROLLED = [case for cases in TABLE.values() for case in cases if case[0] != "rollup" and case[1] is not None]


@pytest.mark.parametrize(("kind", "content", "expected"), ROLLED)
def test_a_rollup_shows_values_of_every_type_beside_each_other_or_says_why_not(kind, content, expected):
    rollup = {"type": "rollup", "rollup": result("array", [result("number", 1), result(kind, content)])}
    values = expected if isinstance(expected, list) else [] if expected is None else [expected]
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    assert plain(rollup, {}) == ["1", *words]
    assert (mark(rollup) is not None) == (kind == "formula" and content["type"] == "unsupported")
