"""Columns of raw values to typed ones, value by value."""

import pytest

from services.transformer.tidy import values
from services.transformer.tidy.columns import ABSENT, WRONG, typed
from tests.unit.transformer.raw import one


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("0012", "12"),
        ("12", "12"),
        (12, "12"),
        (12.0, "12"),
        ("12.0", "12"),
        ("0012.00", "12"),
        ("1.2", "1.2"),
        (" 0 12 ", "12"),
        ("A012", "A012"),
        ("a012", "A012"),
        ("000", "0"),
        ("12-A", "12-A"),
        ("\u200b0012\ufeff", "12"),
        ("A\u00ad\u00a09", "A9"),
        ("\u200b", None),
        ("", None),
        (None, None),
        (ABSENT, None),
    ],
    ids=[
        "zeros",
        "plain",
        "number",
        "float",
        "float as text",
        "zeros on both sides",
        "a dot between digits stays",
        "blanks",
        "letters",
        "small letters",
        "only zeros",
        "dash",
        "marks that nobody sees around it",
        "and within",
        "and nothing else",
        "empty",
        "null",
        "absent",
    ],
)
def test_a_clients_code_is_compared_as_the_office_compares_it(code, key):
    assert typed([code], values.key).then(values.client_key).rows() == [key]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Entregar&#x20;DCTF", "Entregar DCTF"),
        ("Entregar&#32;&nbsp;DCTF", "Entregar DCTF"),
        ("Silva &amp; Filhos", "Silva & Filhos"),
        ("1 &amp;lt; 2", "1 &lt; 2"),
        ("Festas&para todos &notas", "Festas&para todos &notas"),
        ("P&D", "P&D"),
        ("Conta\u0301bil", "Contábil"),
        ("  a\t\n b\u00a0c  ", "a b c"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("   ", None),
        ("", None),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (10**400, str(10**400)),
        (123456789012345678901, "123456789012345678901"),
        (1e22, "1" + "0" * 22),
        (-1.5e20, "-15" + "0" * 19),
        (float("inf"), WRONG),
        (True, WRONG),
        ([], WRONG),
        ({}, WRONG),
        ("x" * 1_000_000, "x" * 1_000_000),
    ],
    ids=[
        "blank as entity",
        "other blanks",
        "ampersand",
        "once only",
        "no entity without its semicolon",
        "a lone ampersand",
        "NFC",
        "white space",
        "NUL as entity",
        "half a pair as entity",
        "blank",
        "empty",
        "int",
        "whole float",
        "float",
        "a huge number",
        "more than 64 bits",
        "a whole number with an exponent",
        "a negative one",
        "infinity",
        "boolean",
        "list",
        "object",
        "a million characters",
    ],
)
def test_a_text_is_clean(raw, text):
    assert one(values.text, raw) == text


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (10, 10.0),
        (10.5, 10.5),
        ("10.5", 10.5),
        ("", None),
        (None, None),
        ("10,5", 10.5),
        ("R$ 1.234,56", 1234.56),
        ("-R$ 1.234.567,00", -1234567.0),
        ("R$ 1.234", 1234.0),
        ("1,234.56", WRONG),
        ("1_000", WRONG),
        ("1e3", 1000.0),
        (10**15, WRONG),
        ("x", WRONG),
        (1e400, WRONG),
        (10**400, WRONG),
        ("nan", WRONG),
        (True, WRONG),
        ([1], WRONG),
    ],
    ids=[
        "int",
        "float",
        "text",
        "empty",
        "null",
        "comma",
        "Brazilian money",
        "less than nothing",
        "a dot for thousands",
        "American order",
        "underscore",
        "exponent",
        "more than cents can be told of",
        "word",
        "infinite",
        "huge",
        "NaN as text",
        "boolean",
        "list",
    ],
)
def test_a_number_is_a_number(raw, number):
    assert one(values.number, raw) == number


@pytest.mark.parametrize("raw", [-0.0, "-0", "-0.0", "-R$ 0,00"])
def test_nought_has_no_sign_as_in_postgres(raw):
    assert str(one(values.number, raw)) == "0.0"


@pytest.mark.parametrize(
    ("raw", "boolean"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" FALSE ", False),
        (1, True),
        (0, False),
        ("", None),
        (None, None),
        ("talvez", WRONG),
        (2, WRONG),
        ([], WRONG),
    ],
    ids=["true", "false", "text", "capitals", "one", "zero", "empty", "null", "word", "two", "list"],
)
def test_a_boolean_is_a_boolean(raw, boolean):
    assert one(values.boolean, raw) is boolean


def test_absent_null_empty_and_wrong_are_told_apart():
    column = typed([None, ABSENT, "", 0, []], values.text)
    assert column.is_null.tolist() == [True, False, True, False, False]
    assert column.is_wrong.tolist() == [False, False, False, False, True]
    assert column.rows() == [None, None, None, "0", None]
    assert [column.at(place) for place in range(4)] == [None, ABSENT, None, "0"]
    assert column.words() == [b"", b"", b"", b"0", b""]


def test_one_zero_true_and_false_of_different_types_stay_what_they_are():
    assert typed([1, True, 1.0, 0, False, "1"], values.number).is_wrong.tolist() == [0, 1, 0, 0, 1, 0]
    assert typed([True, 1, 7.0, 7], values.text).rows() == [None, "1", "7", "7"]


@pytest.mark.parametrize("convert", [values.text, values.key, values.document, values.number, values.boolean])
def test_a_column_of_nothing_is_nothing(convert):
    for raw in ([], [None, None], [ABSENT]):
        column = typed(raw, convert)
        assert column.rows() == [None] * len(raw)
        assert not column.is_wrong.any()


@pytest.mark.parametrize(
    ("text", "is_key"), [("x" * 500, True), ("x" * 501, False), ("é" * 501, False), (10**501, False)]
)
def test_a_key_fits_an_index(text, is_key):
    assert (one(values.key, text) is not WRONG) == is_key
