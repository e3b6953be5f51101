"""Notion's pages by the manifest's mapping: by property id, each row for itself."""

import json
from typing import Any

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
        "statuses": {"Feito": "done", "Na fila": "open", "Em  revisa\u0303o ": "in_progress"},
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


LONG = 123456789012345678901
"""More than 64 bits."""


@pytest.mark.parametrize(
    "cell",
    [
        text("cc", f"0{LONG}", "title"),
        text("cc", f"0{LONG}"),
        {"id": "cc", "type": "number", "number": LONG},
        {"id": "cc", "type": "formula", "formula": {"type": "number", "number": LONG}},
        {"id": "cc", "type": "formula", "formula": {"type": "string", "string": f"0{LONG}"}},
        {"id": "cc", "type": "rollup", "rollup": {"type": "number", "number": LONG, "function": "max"}},
        {"id": "cc", "type": "rollup", "rollup": {"type": "array", "array": [{"type": "number", "number": LONG}]}},
        {"id": "cc", "type": "unique_id", "unique_id": {"prefix": None, "number": LONG}},
    ],
    ids=["title", "rich_text", "number", "formula", "formula of text", "rollup", "rollup of one", "unique_id"],
)
def test_a_clients_code_may_be_longer_than_any_number_of_the_machine(cell):
    assert fields_of(tidy([row(page(properties={"b": cell}))], 1, CLIENTS), "p")["client_key"] == str(LONG)


@pytest.mark.parametrize(
    ("word", "status", "drift"),
    [
        ("Feito", "done", set()),
        ("Na fila", "open", set()),
        ("Novo", "open", {"status=Novo"}),
        (None, "open", set()),
    ],
)
def test_a_tasks_status_takes_its_group_and_an_unknown_word_is_named(word, status, drift):
    properties = {"s": {"id": "st", "type": "status", "status": word and {"name": word}}}
    tidied = tidy([row(page(properties=properties))], 1, TASKS)
    assert (fields_of(tidied, "p")["status"], fields_of(tidied, "p")["source_status"]) == (status, word)
    assert tidied.drift == drift


def test_a_status_word_is_known_however_its_blanks_and_accents_are_written():
    properties = {"s": {"id": "st", "type": "status", "status": {"name": "Em  revisa\u0303o "}}}
    tidied = tidy([row(page(properties=properties))], 1, TASKS)
    assert (fields_of(tidied, "p")["status"], fields_of(tidied, "p")["source_status"]) == ("in_progress", "Em revisão")
    assert tidied.drift == set()


def test_a_tasks_due_time_is_the_offices_day():
    properties = {"d": {"id": "du", "type": "date", "date": {"start": "2026-11-10T21:00:00.000-03:00"}}}
    assert fields_of(tidy([row(page(properties=properties))], 1, TASKS), "p")["due_date"] == "2026-11-10"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("client_state", page(properties={"e": {"id": "st", "type": "select", "select": "SP"}})),
        ("client_state", page(properties={"e": {"id": "st", "type": "checkbox", "checkbox": True}})),
        ("client_state", page(properties={"e": {"id": "st", "type": "select", "select": {"name": [None]}}})),
        ("client_state", page(properties={"e": {"id": "st", "type": "multi_select", "multi_select": [{"name": 7}]}})),
        ("client_manager", page(properties={"d": {"id": "ma", "type": "relation", "relation": ["p1"]}})),
        ("client_manager", page(properties={"d": {"id": "ma", "type": "relation", "relation": [{"id": None}]}})),
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
        "a name that is a list",
        "a name that is a number, among names",
        "a relation of texts",
        "a relation to nothing",
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


@pytest.mark.parametrize("properties", [None, [], "x", 7], ids=str)
def test_a_page_without_properties_is_set_aside_since_it_says_nothing_of_its_values(properties):
    partial = {key: value for key, value in page("partial").items() if key != "properties"}
    given = [page("good"), page() | {"properties": properties}, partial, page("fine")]
    tidied = tidy([row(each) for each in given], 1, CLIENTS)
    assert tidied.frame.row_id.tolist() == ["good", "fine"]
    assert [(each.row_number, each.row_id, each.field) for each in tidied.rejected] == [
        (2, "p", "properties"),
        (3, "partial", "properties"),
    ]


@pytest.mark.parametrize("properties", [{"a": None}, {"a": "x"}, {"a": {"id": "cc"}}], ids=str)
def test_properties_of_another_shape_are_no_values(properties):
    tidied = tidy([row(page() | {"properties": properties})], 1, CLIENTS)
    assert fields_of(tidied, "p")["client_code"] is None


def test_an_empty_batch_is_tidy():
    for given in (CLIENTS, TASKS, manifest()):
        assert len(tidy([], 1, given).frame) == 0


def test_the_raw_page_stays_beside_its_values():
    given = page(properties={"h": text("unmapped", "kept")})
    assert json.loads(tidy([row(given)], 1, CLIENTS).frame.raw[0]) == given


NAMED = manifest(
    scope="ds",
    mapping={
        "role": "clients",
        "fields": {
            "client_code": {"id": "cc", "name": "Código", "type": "rich_text"},
            "client_manager": {"id": "ma%3D", "name": "Gestão", "type": "relation"},
            "client_since": {"id": "si", "name": "Início", "type": "date"},
        },
    },
    schema={
        "Código": {"id": "cc", "type": "rich_text"},
        "Gestão": {"id": "ma%3D", "type": "relation"},
        "Início": {"id": "si", "type": "date"},
    },
    related={f"p{n}": f"Pessoa {n}" for n in range(30)},
)


def usual(**changed):
    return {
        "Código": text("cc", "0012"),
        "Gestão": {"id": "ma%3D", "type": "relation", "relation": [{"id": "p1"}], "has_more": False},
        "Início": {"id": "si", "type": "date", "date": {"start": "2020-02-01", "end": "2020-03-01"}},
    } | changed


def test_a_usual_page_is_no_news():
    tidied = tidy([row(page(properties=usual())) for _ in range(20)], 1, NAMED)
    assert tidied.drift == set()
    assert fields_of(tidied, "p")["client_manager"] == "Pessoa 1"
    assert fields_of(tidied, "p")["client_since"] == "2020-02-01"


@pytest.mark.parametrize("property_id", ["ma%3D", "ma="])
def test_a_property_is_the_same_whether_its_id_is_encoded_or_not(property_id):
    people = {"id": property_id, "type": "relation", "relation": [{"id": "p2"}]}
    tidied = tidy([row(page(properties=usual(Gestão=people)))], 1, NAMED)
    assert (fields_of(tidied, "p")["client_manager"], tidied.drift) == ("Pessoa 2", set())


def test_a_property_that_is_renamed_while_it_is_read_keeps_its_column():
    renamed = {"Gestor" if name == "Gestão" else name: value for name, value in usual().items()}
    tidied = tidy([row(page("a", properties=usual())), row(page("b", properties=renamed))], 1, NAMED)
    assert {fields_of(tidied, name)["client_manager"] for name in "ab"} == {"Pessoa 1"}
    assert tidied.drift == set()


def rollup(*items):
    return {"id": "ma%3D", "type": "rollup", "rollup": {"type": "array", "array": list(items), "function": "x"}}


CUT = {"type": "relation", "relation": [{"id": f"p{n}"} for n in range(25)], "has_more": True}
NOT_COMPUTED = {"type": "formula", "formula": {"type": "unsupported", "unsupported": {}}}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (CUT | {"id": "ma%3D"}, "cut"),
        (NOT_COMPUTED | {"id": "ma%3D"}, "unsupported"),
        ({"id": "ma%3D", "type": "rollup", "rollup": {"type": "unsupported", "unsupported": {}}}, "unsupported"),
        ({"id": "ma%3D", "type": "rollup", "rollup": {"type": "incomplete", "incomplete": {}}}, "incomplete"),
        ({"id": "ma%3D", "type": "people", "people": [{"object": "user", "id": "u"}], "has_more": True}, "cut"),
        (rollup({"type": "number", "number": 1}, CUT), "cut"),
        (rollup(rollup(NOT_COMPUTED)), "unsupported"),
    ],
    ids=["relation", "formula", "rollup", "incomplete rollup", "people", "relation in a rollup", "formula in a rollup"],
)
def test_a_value_that_is_not_whole_is_null_named_and_marked_in_the_raw_page(value, told):
    given = usual(Gestão=value)
    tidied = tidy([row(page(properties=given)), row(page("whole", properties=usual()))], 1, NAMED)
    assert not tidied.rejected
    assert fields_of(tidied, "p")["client_manager"] is None
    assert fields_of(tidied, "whole")["client_manager"] == "Pessoa 1"
    assert f"{told}:client_manager" in tidied.drift
    assert json.loads(tidied.frame.raw[0])["properties"] == given


@pytest.mark.parametrize(
    ("field", "property_id", "items", "value", "told"),
    [
        ("client_since", "si", ["2020-02-01"], "2020-02-01", set()),
        ("client_since", "si", ["2020-02-01", "2020-02-01"], "2020-02-01", set()),
        ("client_since", "si", ["2020-02-01", "2021-03-01"], None, {"several:client_since"}),
        ("client_since", "si", [], None, set()),
        ("client_code", "cc", ["12", "13"], None, {"several:client_code"}),
        ("client_document", "do", ["191", "272"], None, {"several:client_document"}),
        ("client_state", "st", ["SP", "RJ"], "SP, RJ", set()),
    ],
)
def test_several_values_are_one_text_but_no_date_and_no_code(field, property_id, items, value, told):
    pieces = [{"type": "formula", "formula": {"type": "string", "string": item}} for item in items]
    usual_id = {"id": property_id, "type": "rollup", "rollup": {"type": "array", "array": pieces, "function": "x"}}
    tidied = tidy([row(page(properties={"x": usual_id}))], 1, CLIENTS)
    assert not tidied.rejected
    assert fields_of(tidied, "p")[field] == value
    assert {word for word in tidied.drift if word.startswith("several")} == told


def test_a_relation_whose_pages_could_not_be_read_is_null_and_named():
    given = manifest(mapping=NAMED.content["mapping"], unresolved={"ma%3D": {"data_source_id": "x", "reason": "404"}})
    nobody = {"id": "ma%3D", "type": "relation", "relation": [], "has_more": False}
    tidied = tidy([row(page(properties=usual(Gestão=nobody))), row(page("b", properties=usual()))], 1, given)
    assert [fields_of(tidied, name)["client_manager"] for name in "pb"] == [None, None]
    assert tidied.drift == {"unresolved:client_manager"}


def test_titles_that_are_remembered_outlive_a_related_source_that_could_not_be_read_just_now():
    content = NAMED.content | {"unresolved": {"ma%3D": {"data_source_id": "x", "reason": "503"}}}
    strangers = [("p1",), ("p1", "stranger"), ()]
    pages = [
        page(
            f"page{n}",
            properties=usual(Gestão={"id": "ma%3D", "type": "relation", "relation": [{"id": i} for i in ids]}),
        )
        for n, ids in enumerate(strangers)
    ]
    tidied = tidy([row(each) for each in pages], 1, manifest(**content))
    assert [fields_of(tidied, f"page{n}")["client_manager"] for n in range(3)] == ["Pessoa 1", None, None]
    assert tidied.drift == {"unresolved:client_manager"}


@pytest.mark.parametrize("pages", [[{"id": []}], [{"id": {}}], [{}], [None], ["p1"], {"id": "p1"}, 7, None], ids=str)
def test_a_relation_of_another_shape_stops_no_batch_while_its_source_is_away(pages):
    content = NAMED.content | {"unresolved": {"ma%3D": {"data_source_id": "x", "reason": "503"}}}
    odd = usual(Gestão={"id": "ma%3D", "type": "relation", "relation": pages})
    tidied = tidy([row(page(properties=odd)), row(page("b", properties=usual()))], 1, manifest(**content))
    assert [fields_of(tidied, name)["client_manager"] for name in "pb"] == [None, "Pessoa 1"]


@pytest.mark.parametrize(
    ("start", "zone", "moment"),
    [
        ("2026-11-10", None, "2026-11-10T03:00:00.000000Z"),
        ("2026-11-10", "America/Sao_Paulo", "2026-11-10T03:00:00.000000Z"),
        ("2026-11-10T21:30:00.000", None, "2026-11-11T00:30:00.000000Z"),
        ("2026-11-10T21:30:00.000", "Europe/Lisbon", "2026-11-10T21:30:00.000000Z"),
        ("2026-11-10T21:30:00.000-03:00", None, "2026-11-11T00:30:00.000000Z"),
        ("2026-11-10T00:00:00.000Z", None, "2026-11-10T00:00:00.000000Z"),
        ("2019-01-10", None, "2019-01-10T02:00:00.000000Z"),
    ],
)
def test_a_task_concluded_on_a_day_was_concluded_on_that_day_in_the_office(start, zone, moment):
    given = manifest(mapping={"role": "tasks", "fields": {"completed_at": {"id": "co"}}, "statuses": {}})
    date = {"id": "co", "type": "date", "date": {"start": start, "end": None, "time_zone": zone}}
    assert fields_of(tidy([row(page(properties={"d": date}))], 1, given), "p")["completed_at"] == moment


@pytest.mark.parametrize("word", ["cut", "unsupported", "incomplete", "unresolved"])
def test_a_text_that_sounds_like_a_mark_is_a_text(word):
    tidied = tidy([row(page(properties=usual(Código=text("cc", word))))], 1, NAMED)
    assert (fields_of(tidied, "p")["client_code"], tidied.drift) == (word, set())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Novo": {"id": "no", "type": "checkbox", "checkbox": True}}, {"field+Novo"}),
        ({"Código": {"id": "cc", "type": "number", "number": 12}}, {"type:Código=number"}),
        ({"Código": {"id": "cc"}}, {"cut:client_code"}),
        ({"Código": {"id": "cc", "type": "hologram", "hologram": {"a": 1}}}, {"type:Código=hologram"}),
    ],
    ids=["appeared", "another type", "no value and no type", "a type that nobody knows"],
)
def test_a_property_that_appears_or_changes_its_type_is_told_by_name(change, told):
    tidied = tidy([row(page(properties=usual(**change)))], 1, NAMED)
    assert tidied.drift == told
    assert not tidied.rejected


def test_a_schema_that_is_odd_in_places_stops_no_batch():
    schema = NAMED.content["schema"] | {"Nulo": None, "Texto": "x", "Lista": [1], "Sem id": {"type": "text"}}
    tidied = tidy([row(page(properties=usual()))], 1, manifest(**(NAMED.content | {"schema": schema})))
    assert (fields_of(tidied, "p")["client_code"], tidied.drift) == ("0012", set())


def test_a_property_whose_name_postgres_cannot_store_is_told_by_a_name_that_it_can():
    feed = {"id": "cc", "name": "C\ud83d\x00", "type": "rich_text"}
    given = manifest(mapping={"role": "clients", "fields": {"client_code": feed}})
    tidied = tidy([row(page(properties={"C": {"id": "cc", "type": "number", "number": 12}}))], 1, given)
    assert tidied.drift == {"type:C\ufffd\ufffd=number"}


def test_a_property_that_vanished_from_all_pages_is_told_by_name():
    without = {name: value for name, value in usual().items() if name != "Gestão"}
    gone = [row(page(f"p{n}", properties=without)) for n in range(10)]
    assert tidy(gone, 1, NAMED).drift == {"field-Gestão"}
    assert tidy([*gone, row(page(properties=usual()))], 1, NAMED).drift == set()
    assert tidy(gone[:9], 1, NAMED).drift == set()


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ({"start": "2026-11-10"}, "2026-11-10"),
        ({"start": "2026-11-10", "end": "2026-11-20"}, "2026-11-10"),
        ({"start": "2026-11-10T23:30:00.000-03:00"}, "2026-11-10"),
        ({"start": "2026-11-11T01:30:00.000+00:00"}, "2026-11-10"),
        ({"start": "2026-11-11T01:30:00.000", "time_zone": "Europe/Lisbon"}, "2026-11-10"),
        ({"start": "2026-11-10T23:30:00.000", "time_zone": "America/Sao_Paulo"}, "2026-11-10"),
        ({"start": "2026-11-10T23:30:00.000-03:00", "time_zone": "America/Sao_Paulo"}, "2026-11-10"),
        ({"start": "2026-11-10", "time_zone": "America/Sao_Paulo"}, "2026-11-10"),
        ({"start": None}, None),
        (None, None),
    ],
    ids=str,
)
def test_a_date_is_the_offices_day_of_its_start(date, day):
    for kind in ({"type": "date", "date": date}, {"type": "formula", "formula": {"type": "date", "date": date}}):
        tidied = tidy([row(page(properties=usual(Início={"id": "si"} | kind)))], 1, NAMED)
        assert fields_of(tidied, "p")["client_since"] == day


def test_a_date_in_a_zone_that_nobody_knows_is_set_aside():
    date = {"id": "si", "type": "date", "date": {"start": "2026-11-10T10:00:00", "time_zone": "Mars/Olympus"}}
    tidied = tidy([row(page(properties=usual(Início=date)))], 1, NAMED)
    assert [rejected.field for rejected in tidied.rejected] == ["client_since"]


def test_a_formula_may_have_another_type_in_every_row():
    results: list[dict[str, Any]] = [
        {"string": " 0012 "},
        {"number": 12.0},
        {"number": 12},
        {"string": None},
        {"date": {"start": "2026-01-01"}},
    ]
    formulas = [
        {"id": "cc", "type": "formula", "formula": {"type": kind, kind: value}}
        for result in results
        for kind, value in result.items()
    ]
    tidied = tidy([row(page(f"p{n}", properties={"Código": f})) for n, f in enumerate(formulas)], 1, NAMED)
    keys = [fields_of(tidied, f"p{n}")["client_key"] for n in range(len(formulas))]
    assert keys == ["12", "12", "12", None, "2026-01-01"]
    assert not tidied.rejected
