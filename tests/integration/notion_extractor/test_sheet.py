"""The CSV for people beside each batch of Notion: one typed cell for each property, by its name."""

import csv

import pytest

from services.notion_extractor.sheet import shown
from tests.integration.notion_extractor.test_property_table import OF_THE_PAGE, TABLE, pieces, result

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
