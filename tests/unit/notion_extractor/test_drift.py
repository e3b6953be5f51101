"""How a source's columns changed, by property id."""

import pytest

from services.notion_extractor.drift import columns, drift

BEFORE = {"a": ("Código", "title"), "b": ("Estado", "select"), "c": ("Início", "date")}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BEFORE, {}),
        (dict(reversed(BEFORE.items())), {}),
        (BEFORE | {"b": ("UF", "select")}, {"renamed": ["Estado → UF"]}),
        (BEFORE | {"b": ("Estado", "rich_text")}, {"retyped": ["Estado: select → rich_text"]}),
        (
            BEFORE | {"b": ("UF", "rich_text")},
            {"renamed": ["Estado → UF"], "retyped": ["UF: select → rich_text"]},
        ),
        (BEFORE | {"d": ("CNPJ", "rich_text")}, {"added": ["CNPJ"]}),
        ({"a": BEFORE["a"], "c": BEFORE["c"]}, {"vanished": ["Estado"]}),
        (
            {"a": BEFORE["a"], "c": BEFORE["c"], "e": ("Estado", "select")},
            {"added": ["Estado"], "vanished": ["Estado"]},
        ),
        (
            BEFORE | {"b": ("Início", "select"), "c": ("Estado", "date")},
            {"renamed": ["Início → Estado", "Estado → Início"]},
        ),
    ],
    ids=[
        "nothing",
        "another order",
        "renamed",
        "another type",
        "renamed and retyped",
        "added",
        "vanished",
        "deleted and made anew",
        "two names swapped",
    ],
)
def test_a_change_is_told_by_name(after, told):
    assert drift(BEFORE, after) == told


@pytest.mark.parametrize(
    "properties",
    [None, [], {"A": 7}, {"A": {"type": "title"}}, {"A": {"id": "a"}}],
    ids=["null", "a list", "a number", "no id", "no type"],
)
def test_what_has_no_id_or_no_type_is_no_column(properties):
    assert columns(properties) == {}


def test_an_unknown_type_is_a_column_as_any_other():
    assert columns({"Onde": {"id": "x", "type": "hologram", "hologram": {}}}) == {"x": ("Onde", "hologram")}
