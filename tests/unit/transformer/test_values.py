"""Columns of raw values to typed ones, value by value."""

import pandas as pd
import pytest

from services.transformer.tidy import values

ABSENT = float("nan")
WRONG = object()


def one(convert, value):
    typed, wrong = convert(pd.Series([value], dtype=object))
    return WRONG if wrong[0] else typed[0]


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-11-10T03:00:00.000Z", "2026-11-10"),
        ("2026-11-11T02:59:59.999Z", "2026-11-10"),
        ("2026-11-11T02:59:59Z", "2026-11-10"),
        ("2026-11-10T00:00:00.000Z", "2026-11-10"),
        ("2026-11-10", "2026-11-10"),
        (" 2026-11-10 ", "2026-11-10"),
        ("2026-11-10T00:00:00", "2026-11-10"),
        ("2026-11-10T00:00:00-03:00", "2026-11-10"),
        ("2026-11-10T23:59:59-03:00", "2026-11-10"),
        ("2026-11-10T21:00:00.000-03:00", "2026-11-10"),
        ("2026-11-10T21:00:00-0300", "2026-11-10"),
        ("2026-11-10T00:00:00.000+00:00", "2026-11-10"),
        ("2026-11-01T02:59:59.999Z", "2026-10-31"),
        ("2026-12-01T03:00:00.000Z", "2026-12-01"),
        ("2027-01-01T02:59:59.999Z", "2026-12-31"),
        ("2024-03-01T02:59:59.999Z", "2024-02-29"),
        ("2018-12-10T02:00:00.000Z", "2018-12-10"),
        ("2018-12-11T01:59:59.999Z", "2018-12-10"),
        ("2018-11-04T03:00:00.000Z", "2018-11-04"),
        ("2019-02-17T02:59:59.999Z", "2019-02-16"),
        ("2019-12-10T03:00:00.000Z", "2019-12-10"),
        ("1900-01-01", "1900-01-01"),
        ("2200-12-31", "2200-12-31"),
        (None, None),
        (ABSENT, None),
        ("", None),
        ("  ", None),
        ("soon", WRONG),
        ("10/11/2026", WRONG),
        ("2026-02-30", WRONG),
        ("1899-12-31", WRONG),
        ("2201-01-02", WRONG),
        ("9999-12-31T23:59:59.999Z", WRONG),
        ("0001-01-01T00:00:00Z", WRONG),
        ("292277026596-12-04", WRONG),
        (1_762_743_600_000, WRONG),
        (True, WRONG),
        ({}, WRONG),
        (["2026-11-10"], WRONG),
    ],
    ids=[
        "Brazilian midnight",
        "last instant",
        "last second",
        "bare date as UTC midnight",
        "bare date",
        "blanks around",
        "no zone",
        "midnight with its offset",
        "end with its offset",
        "nine in the evening is not a bare date",
        "offset without a colon",
        "UTC midnight with its offset",
        "end of October",
        "first of December",
        "end of the year",
        "leap day",
        "midnight in daylight saving",
        "last instant in daylight saving",
        "the day the clock sprang forward",
        "the day the clock fell back",
        "December without daylight saving",
        "oldest",
        "farthest",
        "null",
        "absent",
        "empty",
        "blank",
        "a word",
        "Brazilian order",
        "no such day",
        "too old",
        "too far",
        "year 9999",
        "year 1",
        "beyond any calendar",
        "epoch number",
        "boolean",
        "object",
        "list",
    ],
)
def test_a_day_is_the_offices_day(raw, day):
    assert one(values.day, raw) == day


@pytest.mark.parametrize(
    ("raw", "month"),
    [
        ("2026-06-01T03:00:00.000Z", "2026-06-01"),
        ("2026-07-01T02:59:59.999Z", "2026-06-01"),
        ("2026-06-01T00:00:00.000Z", "2026-06-01"),
        ("2026-06-15", "2026-06-01"),
        ("2027-01-01T02:59:59.999Z", "2026-12-01"),
        ("2018-12-01T01:59:59.999Z", "2018-11-01"),
        (None, None),
        ("06/2026", WRONG),
    ],
    ids=[
        "first day",
        "last instant",
        "bare",
        "in the middle",
        "December's end",
        "in daylight saving",
        "null",
        "a month's name",
    ],
)
def test_a_competence_is_its_month_whichever_way_it_is_written(raw, month):
    assert one(values.month, raw) == month


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-24T10:00:00.000Z", "2026-11-24T10:00:00.000000Z"),
        ("2026-11-24T10:00:00-03:00", "2026-11-24T13:00:00.000000Z"),
        ("2026-06-27T17:01:50.253+00:00", "2026-06-27T17:01:50.253000Z"),
        (None, None),
        ("yesterday", WRONG),
        (12, WRONG),
    ],
    ids=["UTC", "offset", "milliseconds and offset", "null", "a word", "number"],
)
def test_a_moment_is_in_utc(raw, moment):
    assert one(values.moment, raw) == moment


def test_one_value_that_cannot_be_read_spoils_no_other():
    typed, wrong = values.day(
        pd.Series(["2026-11-10", "soon", None, "9999-01-01", "2026-11-11T02:59:59Z"], dtype=object)
    )
    assert typed.tolist() == ["2026-11-10", None, None, None, "2026-11-10"]
    assert wrong.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    "convert", [values.day, values.month, values.moment, values.text, values.number, values.boolean]
)
def test_a_column_of_nothing_is_nothing(convert):
    for column in ([], [None, None], [ABSENT]):
        typed, wrong = convert(pd.Series(column, dtype=object))
        assert typed.tolist() == [None] * len(column)
        assert not wrong.any()


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        ("00.000.000/0001-91", "00000000000191"),
        ("191", "00000000000191"),
        (191, "00000000000191"),
        (191.0, "00000000000191"),
        (11222333000181, "11222333000181"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12abc34501de35", "12ABC34501DE35"),
        ("529.982.247-25", "52998224725"),
        (52998224725, "52998224725"),
        ("012.345.678-90", "01234567890"),
        (1234567890, "01234567890"),
        ("11.222.333/0001-82", "11222333000182"),
        ("em abertura", "EMABERTURA"),
        ("", None),
        ("--", None),
        (None, None),
        (True, WRONG),
        ({"cnpj": "1"}, WRONG),
    ],
    ids=[
        "formatted",
        "zeros lost as text",
        "zeros lost as number",
        "as float",
        "number",
        "letters",
        "small letters",
        "CPF",
        "CPF as number",
        "CPF with zero",
        "CPF with zero as number",
        "wrong check digit stays",
        "a word stays",
        "empty",
        "dashes",
        "null",
        "boolean",
        "object",
    ],
)
def test_a_document_is_its_digits_with_zeros(raw, document):
    assert one(values.document, raw) == document


def test_a_cpf_that_would_pass_as_a_cnpj_stays_a_cpf():
    """Some CPFs have, with three zeros before it, the check digits of a CNPJ too."""
    every = [cpf(f"{body:09}") for body in range(100_000_000, 999_999_999, 11_003)]
    both = [text for text in every if values._is_cnpj(text.zfill(14))]
    assert len(both) > 100
    assert {one(values.document, text) for text in both} == set(both)


def cpf(body: str) -> str:
    first = body + values._check_digit(body, highest=11)
    return first + values._check_digit(first, highest=11)


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("0012", "12"),
        ("12", "12"),
        (12, "12"),
        (12.0, "12"),
        (" 0 12 ", "12"),
        ("A012", "A012"),
        ("a012", "A012"),
        ("000", "0"),
        ("12-A", "12-A"),
        ("", None),
        (None, None),
        (ABSENT, None),
    ],
    ids=[
        "zeros",
        "plain",
        "number",
        "float",
        "blanks",
        "letters",
        "small letters",
        "only zeros",
        "dash",
        "empty",
        "null",
        "absent",
    ],
)
def test_a_clients_code_is_compared_as_the_office_compares_it(code, key):
    typed, _ = values.text(pd.Series([code], dtype=object))
    assert values.client_key(typed)[0] == key


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
        ("10,5", WRONG),
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


@pytest.mark.parametrize(
    ("raw", "boolean"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" FALSE ", False),
        (1, True),
        (0, False),
        (None, None),
        ("talvez", WRONG),
        (2, WRONG),
        ([], WRONG),
    ],
    ids=["true", "false", "text", "capitals", "one", "zero", "null", "word", "two", "list"],
)
def test_a_boolean_is_a_boolean(raw, boolean):
    assert one(values.boolean, raw) is boolean


def test_absent_is_not_null():
    column = pd.Series([None, ABSENT, "", 0], dtype=object)
    assert values.is_absent(column).tolist() == [False, True, False, False]
