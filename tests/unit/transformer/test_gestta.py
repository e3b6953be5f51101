"""Gestta's rows, flat and nested, tidy or set aside one by one."""

import json

import pytest

from services.transformer.tidy.gestta import part_of, tidy
from tests.unit.transformer.raw import fields_of, manifest, row

FLAT = {
    "id": "64f0c0ffee64f0c0ffee0001",
    "name": "Entregar&#x20;DCTF",
    "type": "RECURRENT",
    "subtype": "AUTOMATIC",
    "status": "DONE",
    "_due_date": "2026-11-11T02:59:59.999Z",
    "legal_date": "2026-11-15T03:00:00.000Z",
    "created_at": "2026-10-01T09:30:00.000Z",
    "conclusion_date": "2026-11-09T12:00:00.000Z",
    "overdue": False,
    "on_time": True,
    "done_overdue": False,
    "done_fine": False,
    "fine": True,
    "downloaded": False,
    "notify_customer": True,
    "value": 12.5,
    "owner.name": "Ana",
    "concluded_by.name": "Bia",
    "company_department.name": "Fiscal",
    "customer.name": "Padaria do Zé",
    "customer.code": 12,
    "customer.cnpj": "191",
    "customer.active": True,
    "customer.federal_regime.name": "Simples Nacional",
    "something.new": [1],
}
NESTED = {
    "_id": FLAT["id"],
    "name": "Entregar DCTF",
    "status": "IMPEDIMENT",
    "due_date": "2026-11-10T03:00:00.000Z",
    "competence_date": "2026-11-01T02:59:59.999Z",
    "customer": {"_id": "c1", "name": "Padaria do Zé", "code": "0012", "cnpj": "00.000.000/0001-91"},
    "owner": None,
    "company_department": {"_id": "d1", "name": "Fiscal"},
}


def test_a_clients_code_may_be_a_number_longer_than_any_of_the_machine():
    flat, nested = {"id": "x", "customer.code": 10**20 + 1}, {"_id": "y", "customer": {"code": 10**30 + 1}}
    tidied = tidy([row(flat), row(nested)], 1, manifest())
    assert [fields_of(tidied, name)["client_code"] for name in "xy"] == [str(10**20 + 1), str(10**30 + 1)]
    assert [json.loads(raw) for raw in tidied.frame.raw] == [flat, nested]


def test_a_reports_row_is_typed():
    tidied = tidy([row(FLAT)], 1, manifest(task_url="https://app.example/tasks/{id}"))
    assert not tidied.rejected
    assert fields_of(tidied, FLAT["id"]) == {
        "title": "Entregar DCTF",
        "type": "RECURRENT",
        "subtype": "AUTOMATIC",
        "status": "done",
        "source_status": "DONE",
        "due_date": "2026-11-10",
        "legal_due_date": "2026-11-15",
        "created_at": "2026-10-01T09:30:00.000000Z",
        "completed_at": "2026-11-09T12:00:00.000000Z",
        "source_overdue": False,
        "source_on_time": True,
        "done_late": False,
        "done_with_fine": False,
        "generates_fine": True,
        "downloaded": False,
        "notify_client": True,
        "value": 12.5,
        "owner": "Ana",
        "concluded_by": "Bia",
        "department": "Fiscal",
        "client": "Padaria do Zé",
        "client_code": "12",
        "client_key": "12",
        "client_document": "00000000000191",
        "client_active": True,
        "client_regime": "Simples Nacional",
        "url": f"https://app.example/tasks/{FLAT['id']}",
    }


def test_a_searchs_row_is_typed_and_has_only_what_the_search_has():
    assert fields_of(tidy([row(NESTED)], 1, manifest(scope="search:open")), FLAT["id"]) == {
        "title": "Entregar DCTF",
        "status": "blocked",
        "source_status": "IMPEDIMENT",
        "due_date": "2026-11-10",
        "competence": "2026-10-01",
        "owner": None,
        "department": "Fiscal",
        "client": "Padaria do Zé",
        "client_code": "0012",
        "client_key": "12",
        "client_document": "00000000000191",
    }


@pytest.mark.parametrize(
    ("given", "owner"),
    [
        ({}, "absent"),
        ({"owner.name": None}, None),
        ({"owner": None}, None),
        ({"owner": None, "owner.name": "Ana"}, "Ana"),
        ({"owner.name": "Ana"}, "Ana"),
        ({"owner": {"name": "Ana"}}, "Ana"),
        ({"owner": {}}, "absent"),
        ({"owner": "5f01"}, "absent"),
    ],
    ids=[
        "absent",
        "null",
        "null parent",
        "null parent beside a value",
        "flat",
        "nested",
        "an empty parent",
        "a bare id",
    ],
)
def test_absent_null_and_null_parent_are_told_apart(given, owner):
    tidied = tidy([row({"id": "a"} | given), row({"id": "b", "owner.name": "Bia"})], 1, manifest())
    assert fields_of(tidied, "a").get("owner", "absent") == owner
    assert fields_of(tidied, "b")["owner"] == "Bia"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("due_date", {"_due_date": "soon"}),
        ("due_date", {"_due_date": 1762743600000}),
        ("due_date", {"_due_date": "9999-12-31T23:59:59Z"}),
        ("legal_due_date", {"legal_date": {"day": 1}}),
        ("completed_at", {"conclusion_date": [1]}),
        ("title", {"name": True}),
        ("title", {"name": ["a"]}),
        ("client_active", {"customer.active": "perhaps"}),
        ("value", {"value": "ten"}),
        ("client_code", {"customer.code": "9" * 5000}),
        ("id", {"id": "x" * 5000}),
        ("id", {"id": None}),
        ("id", {"id": ""}),
        ("id", {"id": {"$oid": "a"}}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:40],
)
def test_a_row_of_a_wrong_type_is_set_aside_with_its_field_and_reason(field, given):
    tidied = tidy([row({"id": "good"}), row({"id": "bad"} | given), row({"id": "fine"})], 101, manifest())
    assert tidied.frame.row_id.tolist() == ["good", "fine"]
    (rejected,) = tidied.rejected
    assert (rejected.row_number, rejected.field) == (102, field)
    assert rejected.reason
    assert rejected.raw.startswith("{")


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"a"',
        "7",
        "null",
        "{",
        "",
        '{"id":"x","score":Infinity}',
        '{"id":"x","score":NaN}',
        '{"id":"x","deep":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"id":"x","deep":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}",
        '{"id":"x","n":' + "9" * 5_000 + "}",
    ],
    ids=[
        "list",
        "text",
        "number",
        "null",
        "broken",
        "empty",
        "infinite",
        "NaN",
        "deep lists",
        "deep objects",
        "a number of 5,000 digits",
    ],
)
def test_what_is_no_task_is_set_aside_and_the_rest_loads(text):
    tidied = tidy([row({"id": "good"}), row(text)], 1, manifest())
    assert tidied.frame.row_id.tolist() == ["good"]
    assert [rejected.row_number for rejected in tidied.rejected] == [2]


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "a\ud800b", "b\udc00a", "\ud83d", "\udc00\ud800"],
    ids=["NUL", "high half", "low half", "only a half", "halves in the wrong order"],
)
def test_text_that_postgres_cannot_keep_gets_the_replacement_character(name):
    tidied = tidy([row({"id": "a", "name": name})], 1, manifest())
    assert "\ufffd" in fields_of(tidied, "a")["title"]
    for text in (json.loads(tidied.frame.raw[0])["name"], fields_of(tidied, "a")["title"]):
        text.encode("utf-8")
        assert "\x00" not in text


def test_a_row_that_is_nested_rather_deeply_is_read():
    tidied = tidy([row('{"id":"a","name":"A","deep":' + '{"a":' * 300 + "1" + "}" * 300 + "}")], 1, manifest())
    assert fields_of(tidied, "a")["title"] == "A"


def test_whole_pairs_and_a_million_characters_stay_what_they_are():
    name = "😀" + "á" * 1_000_000
    assert fields_of(tidy([row({"id": "a", "name": name})], 1, manifest()), "a")["title"] == name


def test_an_unknown_status_is_kept_shown_open_and_named():
    rows = [
        row({"id": "a", "status": "PAUSED"}),
        row({"id": "b", "status": "OPEN"}),
        row({"id": "c", "status": "P" * 9000}),
    ]
    tidied = tidy(rows, 1, manifest())
    assert fields_of(tidied, "a") == {"status": "open", "source_status": "PAUSED"}
    assert "status=PAUSED" in tidied.drift
    assert max(map(len, tidied.drift)) < 200
    assert not tidied.rejected


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("OPEN", "open"),
        ("IMPEDIMENT", "blocked"),
        ("DONE", "done"),
        ("DISCONSIDERED", "set_aside"),
        ("IGNORED", "set_aside"),
    ],
)
def test_known_statuses_have_the_houses_words(word, status):
    tidied = tidy([row({"id": "a", "status": word})], 1, manifest())
    assert fields_of(tidied, "a")["status"] == status
    assert not tidied.drift


def test_an_empty_chunk_is_tidy():
    tidied = tidy([], 1, manifest())
    assert (len(tidied.frame), tidied.rejected, tidied.drift) == (0, [], set())


def test_a_batch_without_any_known_key_is_set_aside_whole():
    tidied = tidy([row({"x": 1}), row({})], 1, manifest())
    assert (len(tidied.frame), [r.field for r in tidied.rejected]) == (0, ["id", "id"])


@pytest.mark.parametrize(
    ("scope", "part"), [("report:2026-10-01/2026-12-31", "report"), ("search:open", "search"), ("lookup", "search")]
)
def test_a_scope_is_a_part(scope, part):
    assert part_of(scope) == part
