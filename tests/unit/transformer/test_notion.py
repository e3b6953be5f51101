"""Notion's pages by the manifest's mapping: by property id, each row for itself."""

import json

import pytest

from services.transformer.tidy.notion import tidy
from tests.unit.transformer.raw import fields_of, manifest, row

FEEDS = {
    "title": "title",
    "client_code": "cc",
    "trade_name": "tn",
    "client_manager": "ma",
    "client_state": "st",
    "client_since": "si",
    "client_document": "do",
}
CLIENTS = manifest(
    scope="ds",
    data_source_id="ds",
    mapping={"role": "clients", "fields": {f: {"id": i} for f, i in FEEDS.items()}, "statuses": {}},
    related={"p1": "Ana Souza"},
)
TASKS = manifest(
    scope="ds",
    mapping={
        "role": "tasks",
        "fields": {
            "title": {"id": "title"},
            "source_status": {"id": "st"},
            "due_date": {"id": "du"},
            "owner": {"id": "ow"},
        },
        "statuses": {"Feito": "done", "Na fila": "open"},
    },
)


def page(page_id="p", *, properties=None, **other):
    return {
        "object": "page",
        "id": page_id,
        "created_time": "2026-01-01T10:00:00.000Z",
        "last_edited_time": "2026-11-01T10:00:00.000Z",
        "url": f"https://app.notion.com/p/{page_id}",
        "properties": properties or {},
    } | other


def text(property_id, words, kind="rich_text"):
    return {"id": property_id, "type": kind, kind: [{"plain_text": words}]}


def test_a_clients_page_is_typed_whatever_its_columns_are_called_now():
    properties = {
        "renamed": text("title", "0012", "title"),
        "b": text("cc", " 0012 "),
        "c": {"id": "tn", "type": "rich_text", "rich_text": [{"plain_text": "Padaria "}, {"plain_text": "do Zé"}]},
        "d": {"id": "ma", "type": "relation", "relation": [{"id": "p1"}, {"id": "p9"}]},
        "e": {"id": "st", "type": "select", "select": {"name": "SP"}},
        "f": {"id": "si", "type": "date", "date": {"start": "2020-02-01"}},
        "g": {"id": "do", "type": "number", "number": 191},
        "h": text("unmapped", "ignored"),
    }
    tidied = tidy([row(page(properties=properties))], 1, CLIENTS)
    assert {name: value for name, value in fields_of(tidied, "p").items() if value is not None} == {
        "title": "0012",
        "client_code": "0012",
        "client_key": "12",
        "trade_name": "Padaria do Zé",
        "client_manager": "Ana Souza, p9",
        "client_state": "SP",
        "client_since": "2020-02-01",
        "client_document": "00000000000191",
        "url": "https://app.notion.com/p/p",
        "created_at": "2026-01-01T10:00:00.000000Z",
    }
    assert tidied.frame.source_updated_at.tolist() == ["2026-11-01T10:00:00.000000Z"]


@pytest.mark.parametrize(
    ("word", "status", "drift"),
    [("Feito", "done", set()), ("Na fila", "open", set()), ("Novo", "open", {"status=Novo"}), (None, "open", set())],
)
def test_a_tasks_status_takes_its_group_and_an_unknown_word_is_named(word, status, drift):
    properties = {"s": {"id": "st", "type": "status", "status": word and {"name": word}}}
    tidied = tidy([row(page(properties=properties))], 1, TASKS)
    assert (fields_of(tidied, "p")["status"], fields_of(tidied, "p")["source_status"]) == (status, word)
    assert tidied.drift == drift


def test_a_tasks_due_time_is_the_offices_day():
    properties = {"d": {"id": "du", "type": "date", "date": {"start": "2026-11-10T21:00:00.000-03:00"}}}
    assert fields_of(tidy([row(page(properties=properties))], 1, TASKS), "p")["due_date"] == "2026-11-10"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("client_state", page(properties={"e": {"id": "st", "type": "select", "select": "SP"}})),
        ("client_state", page(properties={"e": {"id": "st", "type": "checkbox", "checkbox": True}})),
        ("client_manager", page(properties={"d": {"id": "ma", "type": "relation", "relation": ["p1"]}})),
        ("client_manager", page(properties={"d": {"id": "ma", "type": "people", "people": {"id": "u"}}})),
        ("trade_name", page(properties={"c": {"id": "tn", "type": "rich_text", "rich_text": "words"}})),
        ("client_since", page(properties={"f": {"id": "si", "type": "date", "date": {"start": "soon"}}})),
        ("client_since", page(properties={"f": {"id": "si", "type": "date", "date": "2026-01-01"}})),
        ("client_code", page(properties={"b": text("cc", "9" * 5_000)})),
        ("last_edited_time", page(last_edited_time=None)),
        ("last_edited_time", page(last_edited_time="yesterday")),
        ("created_at", page(created_time=7)),
        ("url", page(url={"href": "x"})),
        ("id", page(page_id=None)),
    ],
    ids=[
        "a select that is text",
        "a checkbox for a text",
        "a relation of texts",
        "people that are no list",
        "text that is no list",
        "a date that is none",
        "a date that is text",
        "a code that is too long",
        "never edited",
        "edited yesterday",
        "created as number",
        "an address that is an object",
        "no id",
    ],
)
def test_a_page_of_a_wrong_shape_is_set_aside_with_its_field(field, given):
    tidied = tidy([row(page("good")), row(given), row(page("fine"))], 1, CLIENTS)
    assert tidied.frame.row_id.tolist() == ["good", "fine"]
    assert [(rejected.row_number, rejected.field) for rejected in tidied.rejected] == [(2, field)]


@pytest.mark.parametrize("properties", [None, [], "x", {"a": None}, {"a": "x"}, {"a": {"id": "cc"}}], ids=str)
def test_properties_of_another_shape_are_no_values(properties):
    tidied = tidy([row(page() | {"properties": properties})], 1, CLIENTS)
    assert fields_of(tidied, "p")["client_code"] is None


def test_an_empty_batch_is_tidy():
    for given in (CLIENTS, TASKS, manifest()):
        assert len(tidy([], 1, given).frame) == 0


def test_the_raw_page_stays_beside_its_values():
    given = page(properties={"h": text("unmapped", "kept")})
    assert json.loads(tidy([row(given)], 1, CLIENTS).frame.raw[0]) == given
