"""Which questions part the rows of one minute, and that no row is in none of the cells."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notion_extractor.parting import SAMPLE, STRIDE, Question, add_to_sample, cells, questions


def row(**columns):
    """A row of these cells: type and value."""
    return {"properties": {name: {"id": name, "type": kind, kind: value} for name, (kind, value) in columns.items()}}


def titled(*titles):
    return [row(Nome=("title", [{"plain_text": title}] if title else [])) for title in titles]


def option(name):
    return {"id": "x", "name": name, "color": "red"}


@pytest.mark.parametrize(
    ("sample", "asked"),
    [
        (titled("A1", "a2", "a1", "A2"), [Question("Nome", "title", "1")]),
        (titled("12", "13", "23", "34"), [Question("Nome", "title", "1"), Question("Nome", "title", "2")]),
        (titled("x", "", "x", ""), [Question("Nome", "title", "x")]),
        (titled("igual", "igual"), []),
        (titled("", ""), []),
        ([], []),
        ([{}, {"properties": None}, {"properties": {"a": 7, "b": {"type": "number", "number": 1}}}], []),
        (
            [row(UF=("select", option(name) if name else None)) for name in ("SP", "RJ", None, "SP")],
            [Question("UF", "select", "SP")],
        ),
        (
            [row(Fase=("status", option(name))) for name in ("Nova", "Feita")],
            [Question("Fase", "status", "Nova")],
        ),
        (
            [row(Marcas=("multi_select", [option(name) for name in names])) for names in ("ab", "a", "b", "")],
            [Question("Marcas", "multi_select", "a"), Question("Marcas", "multi_select", "b")],
        ),
        ([row(Matriz=("checkbox", tick)) for tick in (False, True, True)], [Question("Matriz", "checkbox", True)]),
        ([row(Site=("url", url)) for url in ("a.b", None)], [Question("Site", "url", "a")]),
        (
            [row(A=("title", [{"plain_text": "x"}]), B=("rich_text", [{"plain_text": t}])) for t in ("1", "2")],
            [Question("B", "rich_text", "1")],
        ),
        ([row(A=("rich_text", [{"plain_text": "x"}, 7, {"plain_text": "y"}])), row(A=("rich_text", "z"))], None),
    ],
    ids=[
        "capitals count for nothing",
        "two letters that halve twice",
        "empty ones",
        "all alike",
        "all empty",
        "no rows",
        "nothing to ask",
        "an option",
        "a status",
        "one of several options",
        "a tick",
        "an address",
        "the column that differs",
        "pieces of text",
    ],
)
def test_the_questions_that_part_a_sample_most_evenly(sample, asked):
    found = questions(sample, ())
    assert list(found) == asked if asked is not None else found


def test_no_question_is_asked_that_led_here():
    sample = titled("12", "13", "23", "34")
    first = questions(sample, ())
    assert not {*first} & {*questions(sample, cells(first)[0])}


def test_a_cell_is_a_combination_of_answers_or_an_unanswered_question():
    tick, letter = Question("Matriz", "checkbox", True), Question("Nome", "title", "a")
    yes, no = {"property": "Nome", "title": {"contains": "a"}}, {"property": "Nome", "title": {"does_not_contain": "a"}}
    on = {"property": "Matriz", "checkbox": {"equals": True}}
    off = {"property": "Matriz", "checkbox": {"does_not_equal": True}}
    empty = {"property": "Nome", "title": {"is_empty": True}}
    assert cells([tick, letter]) == [(on, yes), (on, no), (off, yes), (off, no), (empty,)]
    assert cells([letter, Question("Nome", "title", "b")])[4:] == [(empty,)], "of one property they are asked once"
    assert cells([tick]) == [(on,), (off,)]


@given(st.lists(st.text("aB1 -ßİ\ud800", max_size=3), max_size=30))
def test_questions_part_whatever_differs_in_its_letters(texts):
    sample = titled(*texts)
    asked = questions(sample, ())
    said = [tuple(question.word in text.casefold() for question in asked) for text in texts]
    letters = [frozenset(filter(str.isalnum, text.casefold())) for text in texts]
    assert (len(set(said)) > 1) == any(one != other for one, other in pairwise(letters))


def test_a_sample_is_of_the_whole_window_and_does_not_grow_with_it():
    sample: tuple[Any, ...] = ()
    for page in range(1_000):
        sample = add_to_sample(sample, [{"id": f"{page} {n}"} for n in range(100)])
    assert [each["id"] for each in sample[:4]] == ["0 0", f"0 {STRIDE}", f"0 {2 * STRIDE}", "1 0"]
    assert len(sample) == SAMPLE
