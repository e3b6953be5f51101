"""One task, however Gestta writes it: flat, nested, wrapped, with parents that are null, bare ids or missing."""

import json
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transformer.tidy.gestta import tidy
from simulators.gestta.rows import Writer
from simulators.world.world import World
from tests.unit.transformer.raw import fields_of, manifest, row, said

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LEAVES = {
    "owner.name": "Ana&#x20;Souza",
    "concluded_by.name": "Bia",
    "company_department.name": "Fiscal",
    "customer.name": "Padaria&nbsp;do Zé",
    "customer.code": 12,
    "customer.cnpj": 191,
    "customer.active": True,
    "customer.federal_regime.name": "Simples Nacional",
}
PLAIN = {
    "owner": "Ana Souza",
    "concluded_by": "Bia",
    "department": "Fiscal",
    "client": "Padaria do Zé",
    "client_code": "12",
    "client_key": "12",
    "client_document": "00000000000191",
    "client_active": True,
    "client_regime": "Simples Nacional",
}


def put(target, path, value, nested):
    """Put a leaf under its path, each dot a dotted key or an object of its own."""
    head, dot, tail = path.partition(".")
    if not dot:
        target[head] = value
    elif nested[0]:
        put(target.setdefault(head, {}), tail, value, nested[1:])
    else:
        inner: dict[str, Any] = {}
        put(inner, tail, value, nested[1:])
        target.update({f"{head}.{key}": value for key, value in inner.items()})


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=len(LEAVES), max_size=len(LEAVES)), st.randoms())
def test_a_task_is_the_same_however_its_parents_are_written(shapes, random):
    task = {"id": "a"}
    leaves = list(zip(LEAVES.items(), shapes, strict=True))
    random.shuffle(leaves)
    for (path, value), nested in leaves:
        put(task, path, value, nested)
    tidied = tidy([row(task), row({"id": "b"})], 1, manifest())
    assert fields_of(tidied, "a") == PLAIN
    assert fields_of(tidied, "b") == {}
    assert not tidied.drift


@pytest.mark.parametrize(
    ("given_", "owner"),
    [
        ({}, "absent"),
        ({"owner": None}, None),
        ({"owner.name": None}, None),
        ({"owner": {"name": None}}, None),
        ({"owner.name": "  "}, None),
        ({"owner.name": "&#x20;"}, None),
        ({"owner": None, "owner.name": "Ana"}, "Ana"),
        ({"owner": {"name": "Ana"}, "owner.name": None}, "Ana"),
        ({"owner": "5f01"}, "absent"),
        ({"owner": "5f01", "owner.name": "Ana"}, "Ana"),
        ({"owner": {}}, "absent"),
        ({"owner": {"_id": "5f01"}}, "absent"),
        ({"owner": []}, None),
        ({"owner": [{"_id": "5f01", "name": "Ana"}]}, "Ana"),
        ({"owner": ["5f01"]}, "absent"),
        ({"owner": [{"name": "Ana"}, {"name": "Bia"}]}, "absent"),
        ({"owner": 7}, "absent"),
    ],
    ids=json.dumps,
)
def test_a_parent_tells_what_it_knows_and_never_spoils_its_row(given_, owner):
    tidied = tidy([row({"id": "a"} | given_), row({"id": "b", "owner": {"name": "Bia"}})], 1, manifest())
    assert not tidied.rejected
    assert fields_of(tidied, "a").get("owner", "absent") == owner
    assert fields_of(tidied, "b")["owner"] == "Bia"


def test_a_null_regime_beside_a_client_clears_only_the_regime():
    tidied = tidy([row({"id": "a", "customer.name": "A", "customer.federal_regime": None})], 1, manifest())
    assert fields_of(tidied, "a") == {"client": "A", "client_regime": None}


@pytest.mark.parametrize("key", ["id", "_id"])
def test_either_key_is_the_id(key):
    assert tidy([row({key: "a"})], 1, manifest()).frame.row_id.tolist() == ["a"]


def test_the_offices_own_deadline_goes_before_the_searchs_name_of_it():
    given_ = {"id": "a", "due_date": "2026-11-12", "_due_date": "2026-11-11"}
    assert fields_of(tidy([row(given_)], 1, manifest()), "a")["due_date"] == "2026-11-11"


@pytest.fixture(scope="module")
def office():
    world = World(seed=3, tasks_per_quarter=150, clients=40, people=8, now=NOW)
    return Writer(world.clients, world.people, NOW), list(islice(world.by_due(), 600))


def test_the_search_and_the_tasks_page_say_the_same_of_a_task(office):
    writer, tasks = office
    reads = {
        "list": (writer.nested, "search:open"),
        "page": (writer.whole, "lookup"),
        "wrapped page": (lambda task: {"data": writer.whole(task)}, "lookup"),
    }
    found = {
        name: tidy([row(write(task)) for task in tasks], 1, manifest(scope=scope))
        for name, (write, scope) in reads.items()
    }
    for name in ("page", "wrapped page"):
        assert found[name].frame.row_id.tolist() == found["list"].frame.row_id.tolist()
        assert said(found[name]) == said(found["list"])


def test_the_report_and_the_search_agree_in_every_field_that_both_have(office):
    writer, tasks = office
    report = tidy([row(writer.flat(task)) for task in tasks], 1, manifest())
    search = tidy([row(writer.nested(task)) for task in tasks], 1, manifest(scope="search:open"))
    assert not report.rejected + search.rejected
    compared = set()
    for task in tasks:
        flat, nested = fields_of(report, task.id), fields_of(search, task.id)
        for name in set(flat) & set(nested):
            compared.add(name)
            assert flat[name] == nested[name], name
    assert {
        "title",
        "status",
        "owner",
        "client",
        "client_key",
        "client_document",
        "due_date",
        "completed_at",
    } <= compared


def test_reading_the_same_rows_again_gives_the_same_fields_in_whatever_company(office):
    writer, tasks = office
    rows = [row(writer.flat(task)) for task in tasks]
    alone = [tidy([single], 1, manifest()) for single in rows]
    assert said(tidy(rows, 1, manifest())) == [tidied.said(0) for tidied in alone]


def test_the_simulated_office_is_no_news(office):
    writer, tasks = office
    assert tidy([row(writer.flat(task)) for task in tasks], 1, manifest()).drift == set()
    for scope, write in (("search:open", writer.nested), ("lookup", writer.whole)):
        assert tidy([row(write(task)) for task in tasks], 1, manifest(scope=scope)).drift == set()


def test_rows_with_bare_dates_are_counted_once_each():
    bare, moved = "2026-11-10T00:00:00.000Z", "2026-11-10T03:00:00.000Z"
    rows = [
        {"id": "a", "_due_date": bare, "legal_date": bare},
        {"id": "b", "_due_date": moved, "competence_date": bare},
        {"id": "c", "_due_date": moved, "created_at": bare},
        {"id": "d", "_due_date": "2026-11-10"},
    ]
    tidied = tidy([row(given_) for given_ in rows], 1, manifest())
    assert tidied.counts == {"bare_dates": 2}
    assert {fields_of(tidied, name)["due_date"] for name in "abcd"} == {"2026-11-10"}
    assert tidy([row({"id": "a", "_due_date": moved})], 1, manifest()).counts == {}
