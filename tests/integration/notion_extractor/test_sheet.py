"""The CSV for people beside each batch of Notion: one typed cell for each property, by its name."""

import csv

import pytest

from services.notion_extractor.sheet import shown
from tests.integration.notion_extractor.test_property_table import OF_THE_PAGE, RANGE, TABLE, pieces, result

pytestmark = pytest.mark.integration

ONE_EACH = {kind: (content, value) for cases in TABLE.values() for kind, content, value in reversed(cases)}
DISORDERLY = ("title", "unique_id", "verification", "last_visited_time", "location", *OF_THE_PAGE)
"""Set by Notion itself, once in a source, or unknown to it."""


def sheet(office, source):
    office.extract.spreadsheets.beat()
    (path,) = office.folder.rglob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file, delimiter=";")}
    landed = {page["id"]: page for page in office.rows(office.batches(source)[-1])}
    assert rows.keys() == landed.keys()
    return rows


def test_every_property_is_one_cell_with_its_value(room, workspace):
    kinds = [kind for kind in ONE_EACH if kind not in DISORDERLY]
    source = workspace.create_database("Tudo", {"Nome": "title"} | {kind: kind for kind in kinds}).data_source_ids[0]
    given = {"Nome": {"title": pieces("Padaria ", "=do Zé")}}
    page = workspace.create_page(source, given | {kind: {kind: ONE_EACH[kind][0]} for kind in kinds})
    office = room(source)
    office.run()
    row = sheet(office, source)[page]
    assert row["properties.Nome"] == "Padaria =do Zé"
    for kind in kinds:
        assert row[f"properties.{kind}"] == as_text(ONE_EACH[kind][1]), kind
    assert {name for name in row if name.startswith("properties.")} == {f"properties.{n}" for n in ("Nome", *kinds)}


def as_text(value):
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_a_relation_to_a_source_that_is_not_shared_is_marked_and_a_range_is_shown_whole(room, workspace):
    people = workspace.create_database("Equipe", {"Nome": "title"}).data_source_ids[0]
    ana = workspace.create_page(people, {"Nome": {"title": pieces("Ana")}})
    columns = {"Nome": "title", "Gestor": {"relation": {"data_source_id": people}}, "Férias": "date"}
    clients = workspace.create_database("Clientes", columns).data_source_ids[0]
    given = {"Gestor": {"relation": [{"id": ana}]}, "Férias": {"date": RANGE}}
    page = workspace.create_page(clients, given)
    workspace.unshare(people)
    office = room(clients)
    office.run()
    row = sheet(office, clients)[page]
    assert row["properties.Gestor"] == "[unresolved]"
    assert row["properties.Férias"] == f"{RANGE['start']} → {RANGE['end']}"


def test_a_related_page_is_shown_by_its_title(room, workspace):
    people = workspace.create_database("Equipe", {"Nome": "title"}).data_source_ids[0]
    ana = workspace.create_page(people, {"Nome": {"title": pieces("Ana")}})
    columns = {"Nome": "title", "Gestor": {"relation": {"data_source_id": people}}}
    clients = workspace.create_database("Clientes", columns).data_source_ids[0]
    page = workspace.create_page(clients, {"Gestor": {"relation": [{"id": ana}]}})
    office = room(clients)
    office.run()
    assert sheet(office, clients)[page]["properties.Gestor"] == "Ana"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"type": "relation", "relation": [{"id": "p1"}, {"id": "p2"}], "has_more": True}, "Ana, p2 [cut]"),
        ({"type": "rollup", "rollup": result("unsupported", {}, function="median")}, "[unsupported]"),
        ({"type": "rollup", "rollup": result("incomplete", {}, function="sum")}, "[incomplete]"),
        ({"type": "formula", "formula": result("unsupported", {})}, "[unsupported]"),
        ({"type": "select", "select": "no option"}, {"type": "select", "select": "no option"}),
        ("no property", "no property"),
        (None, None),
    ],
)
def test_what_is_not_whole_says_so_and_what_is_no_value_stays_as_it_came(value, text):
    assert shown(value, {"p1": "Ana"}) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"id": "g", "type": "relation", "relation": [{"id": "p1"}, {"id": "p2"}]}, "Ana, p2 [unresolved]"),
        ({"id": "g", "type": "relation", "relation": []}, "[unresolved]"),
        ({"id": "g", "type": "relation", "relation": [{"id": "p2"}], "has_more": True}, "p2 [cut] [unresolved]"),
        ({"id": "g", "type": "relation", "relation": [{"id": "p1"}]}, "Ana"),
        ({"id": "h", "type": "relation", "relation": [{"id": "p2"}]}, "p2"),
        ({"id": ["g"], "type": "select", "select": None}, None),
    ],
    ids=["one of two is known", "nothing is shown", "cut besides", "all are known", "another relation", "an odd id"],
)
def test_a_relation_whose_titles_lack_says_so(value, text):
    assert shown(value, {"p1": "Ana"}, {"g": {"reason": "404"}}) == text


ZONED_RANGE = {"start": "2026-11-10T09:00:00", "end": "2026-11-10T10:30:00", "time_zone": "America/Sao_Paulo"}


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("date", {"start": "2026-11-10", "end": None}, "2026-11-10"),
        ("date", {"start": "2026-11-10", "end": "2026-11-12"}, "2026-11-10 → 2026-11-12"),
        ("date", ZONED_RANGE, "2026-11-10T09:00:00-03:00 → 2026-11-10T10:30:00-03:00"),
        ("formula", result("date", {"start": "2026-11-10", "end": "2026-11-12"}), "2026-11-10 → 2026-11-12"),
        ("formula", result("date", None), None),
        (
            "rollup",
            result("date", {"start": "2026-11-10", "end": "2026-11-12"}, function="date_range"),
            "2026-11-10 → 2026-11-12",
        ),
        (
            "rollup",
            result("array", [result("date", {"start": "2026-11-10", "end": "2026-11-12"}), result("number", 2)]),
            "2026-11-10 → 2026-11-12, 2",
        ),
    ],
)
def test_a_date_range_is_shown_with_its_end(kind, content, text):
    assert shown({"id": "x", "type": kind, kind: content}, {}) == text
