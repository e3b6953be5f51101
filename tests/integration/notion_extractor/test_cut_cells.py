"""Cells that Notion cuts short, completed through the property-item endpoint."""

import threading
from datetime import timedelta

import pytest

from services.notion_extractor.service import SHARE
from services.notion_extractor.walker import WALKERS
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, listed, reply, row

REGISTER = {"Código": "title"}


@pytest.fixture
def cut(workspace):
    """A row related to 130 pages and shown to 40 people, and one that is not cut."""
    others = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    pages = [workspace.create_page(others, {"Código": str(n)}) for n in range(130)]
    people = [workspace.add_person(f"Pessoa {n}", f"p{n}@example.com") for n in range(40)]
    database = workspace.create_database(
        "Clientes", {"Código": "title", "Ligados": {"relation": {"data_source_id": others}}, "Equipe": "people"}
    )
    source = database.data_source_ids[0]
    whole = workspace.create_page(source, {"Código": "0", "Ligados": pages[:3], "Equipe": people[:2]})
    page = workspace.create_page(source, {"Código": "1", "Ligados": pages, "Equipe": people})
    return source, page, whole, pages, people


def landed(office, source):
    batch = office.batches(source)[-1]
    return batch.content["proof"]["cut"], {each["id"]: each["properties"] for each in office.rows(batch)}


def test_line_10_a_cut_relation_and_cut_people_are_completed_in_the_row(room, cut):
    source, page, whole, pages, people = cut
    office = room(source)
    office.run()
    proof, rows = landed(office, source)
    assert [each["id"] for each in rows[page]["Ligados"]["relation"]] == pages
    assert [each["id"] for each in rows[page]["Equipe"]["people"]] == people
    assert (rows[page]["Ligados"]["has_more"], rows[page]["Equipe"]["has_more"]) == (False, False)
    assert [each["id"] for each in rows[whole]["Ligados"]["relation"]] == pages[:3]
    assert (proof["found"], proof["completed"], proof["left_cut"]) == (2, 2, 0)
    assert proof["requests"] == 2 + 1
    assert proof["cells"] == [[page, rows[page]["Ligados"]["id"]], [page, rows[page]["Equipe"]["id"]]]


def test_line_10_what_the_budget_does_not_reach_stays_cut_and_says_so(room, workspace, cut):
    source, _, _, pages, people = cut
    for number in range(10):
        workspace.create_page(source, {"Código": f"x{number}", "Ligados": pages, "Equipe": people})
    office = room(source, requests_per_minute=1, every=timedelta(minutes=40))
    office.run()
    proof, rows = landed(office, source)
    assert proof["requests"] == 10
    assert proof["completed"] + proof["left_cut"] == proof["found"] == 22
    marked = [each.get("has_more") for cells in rows.values() for name, each in cells.items() if name != "Código"]
    assert marked.count(True) == proof["left_cut"] > 0
    assert proof["reasons"] == ["the run's budget of requests is spent"]


def entry(number):
    return {"object": "property_item", "type": "relation", "id": "rr", "relation": {"id": str(number)}}


def items(*entries, cursor=None):
    return {
        "object": "list",
        "type": "property_item",
        "results": list(entries),
        "next_cursor": cursor,
        "has_more": cursor is not None,
    }


class Together:
    """Answers nobody before so many ask at once."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count, timeout=20)
        self.asked = []

    def __call__(self, handler, body):
        self.asked.append(handler.path)
        self.barrier.wait()
        reply(body=items(*map(entry, range(30))))(handler, body)


def cut_rows(count):
    relation = {"id": "rr", "type": "relation", "relation": [{"id": "0"}] * 25, "has_more": True}
    return [row(number, properties={"Ligados": relation}) for number in range(count)]


@pytest.mark.parametrize("budget", [24, 16], ids=["enough for all", "not enough"])
def test_cut_cells_are_completed_side_by_side_and_within_the_budget(room, source, budget):
    together = source.replies["/v1/pages/"] = Together(WALKERS)
    source.replies[QUERY] = reply(body=listed(*cut_rows(24)))
    office = room(SOURCE_ID, url=source.url, requests_per_minute=SHARE, every=timedelta(minutes=budget))
    office.run()
    proof, rows = landed(office, SOURCE_ID)
    assert len(together.asked) == len(set(together.asked)) == proof["requests"] == budget
    assert (proof["found"], proof["completed"], proof["left_cut"]) == (24, budget, 24 - budget)
    completed = [cells["Ligados"] for cells in rows.values() if not cells["Ligados"]["has_more"]]
    assert [len(cell["relation"]) for cell in completed] == [30] * budget
    assert len(rows) == 24


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(404, error(404, "object_not_found")), "does not know it"),
        (reply(403, error(403, "restricted_resource")), "lacks a capability"),
        (reply(500, error(500, "internal_server_error")), "500"),
        (reply(body={"object": "property_item", "type": "relation"}), "without a list of entries"),
        (reply(body=items(entry(1), cursor="same")), "do not end"),
        (reply(body={**items(entry(1)), "has_more": True}), "do not end"),
        (reply(body={**items(), "results": [7]}), "without a list of entries"),
    ],
    ids=["absent", "forbidden", "away", "no list", "a cursor that repeats itself", "no cursor", "no objects"],
)
def test_a_cell_that_cannot_be_completed_fails_no_source(room, source, answer, reason):
    relation = {"id": "rr", "type": "relation", "relation": [{"id": "0"}] * 25, "has_more": True}
    source.replies["/v1/pages/"] = answer
    source.replies[QUERY] = reply(body=listed(row(1, properties={"Ligados": relation}), row(2)))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    proof, rows = landed(office, SOURCE_ID)
    assert rows[row(1)["id"]] == {"Ligados": relation}
    assert (proof["completed"], proof["left_cut"]) == (0, 1)
    assert reason in proof["reasons"][0]


def test_a_rollup_that_the_endpoint_does_not_compute_keeps_what_the_page_shows_and_is_marked(room, source):
    shown = [{"type": "number", "number": n} for n in range(25)]
    rollup = {"id": "rr", "type": "rollup", "rollup": {"type": "array", "array": shown, "function": "show_unique"}}
    uncomputed = {"type": "unsupported", "unsupported": {}, "function": "show_unique"}
    whole = {"id": "rr", "type": "rollup", "next_url": None, "rollup": uncomputed}
    source.replies["/v1/pages/"] = reply(body=items(*map(entry, range(40))) | {"property_item": whole})
    source.replies[QUERY] = reply(body=listed(row(1, properties={"Soma": rollup})))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    proof, rows = landed(office, SOURCE_ID)
    assert rows[row(1)["id"]]["Soma"] == rollup | {"has_more": True}
    assert (proof["completed"], proof["reasons"]) == (0, ["the endpoint does not compute this rollup"])


def test_a_rollup_of_more_than_25_values_is_completed(room, source):
    shown = [{"type": "number", "number": n} for n in range(40)]
    rollup = {
        "id": "rr",
        "type": "rollup",
        "rollup": {"type": "array", "array": shown[:25], "function": "show_original"},
    }
    whole = {"id": "rr", "type": "rollup", "rollup": {"type": "array", "array": [], "function": "show_original"}}
    entries = [{"object": "property_item", "id": "n", **each} for each in shown]
    source.replies["/v1/pages/"] = reply(body=items(*entries) | {"property_item": whole})
    source.replies[QUERY] = reply(body=listed(row(1, properties={"Soma": rollup})))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    proof, rows = landed(office, SOURCE_ID)
    assert rows[row(1)["id"]]["Soma"]["rollup"]["array"] == shown
    assert (proof["completed"], rows[row(1)["id"]]["Soma"]["has_more"]) == (1, False)
