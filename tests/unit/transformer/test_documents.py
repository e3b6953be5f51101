"""CNPJ and CPF against the official algorithm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transformer.tidy import values
from services.transformer.tidy.columns import WRONG
from services.transformer.tidy.documents import is_cnpj, is_cpf
from tests.unit.transformer.raw import one


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


# From Receita Federal's description, written out: the weights of the first and the second digit of each number.
CNPJ_WEIGHTS = ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
CPF_WEIGHTS = ((10, 9, 8, 7, 6, 5, 4, 3, 2), (11, 10, 9, 8, 7, 6, 5, 4, 3, 2))
VALUES = {character: ord(character) - 48 for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def completed(body, weights):
    for row in weights:
        rest = sum(VALUES[character] * weight for character, weight in zip(body, row, strict=True)) % 11
        body += "0" if rest in (0, 1) else str(11 - rest)
    return body


@pytest.mark.parametrize(
    "text",
    # 5+4+6+4+18+24+21+18+0+0+0+2 = 102, rest 3: 8; 6+5+8+6+4+27+24+21+0+0+0+3+16 = 120, rest 10: 1.
    # 5+8+51+36+171+24+28+30+0+4+60+42 = 459, rest 8: 3; 6+10+68+54+38+27+32+35+0+5+80+63+6 = 424, rest 6: 5.
    ["11222333000181", "12ABC34501DE35"],
    ids=["digits", "letters"],
)
def test_a_cnpj_counted_by_hand_is_one_and_no_neighbour_of_it_is(text):
    assert is_cnpj(text)
    for last in range(100):
        assert is_cnpj(f"{text[:12]}{last:02}") == (f"{last:02}" == text[12:])


def test_a_cpf_counted_by_hand_is_one_and_no_neighbour_of_it_is():
    # 50+18+72+63+48+10+8+12+14 = 295, rest 9: 2; 55+20+81+72+56+12+10+16+21+4 = 347, rest 6: 5.
    assert [last for last in range(100) if is_cpf(f"529982247{last:02}")] == [25]


@settings(deadline=None)
@given(st.text(sorted(VALUES), min_size=12, max_size=12).filter(lambda body: body.strip("0")))
def test_every_cnpj_is_recognised_however_it_is_punctuated(body):
    text = completed(body, CNPJ_WEIGHTS)
    assert is_cnpj(text)
    spoken = f" {text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]} ".lower()
    assert one(values.document, spoken) in (text, text[3:])  # one in many is a CPF with three zeros before it, too


@settings(deadline=None)
@given(st.integers(1, 99_999_999).map(lambda root: f"{root:08}0001"))
def test_a_head_offices_cnpj_keeps_its_zeros_as_text_and_as_number(body):
    text = completed(body, CNPJ_WEIGHTS)
    for given_ in (text, int(text), float(text), str(int(text))):
        assert one(values.document, given_) == text


@settings(deadline=None)
@given(st.integers(1, 999_999_998).map(lambda body: f"{body:09}").filter(lambda body: len(set(body)) > 1))
def test_a_cpf_keeps_its_zeros_as_text_and_as_number(body):
    text = completed(body, CPF_WEIGHTS)
    assert one(values.document, f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}") == text
    for bare in (text, int(text)):  # the zeros of which of the two were lost, where both fit?
        assert one(values.document, bare) in (text, f"{int(text):014}")


@pytest.mark.parametrize("text", ["0" * 14, "1" * 11, "0" * 11, "1122233300018", "AB222333000181", "112223330001AB"])
def test_what_only_looks_like_a_document_is_none(text):
    assert not is_cnpj(text)
    assert not is_cpf(text)


def test_a_cpf_that_would_pass_as_a_cnpj_stays_a_cpf():
    """Some CPFs have, with three zeros before it, the check digits of a CNPJ too."""
    every = [completed(f"{body:09}", CPF_WEIGHTS) for body in range(100_000_000, 999_999_999, 11_003)]
    both = [text for text in every if is_cnpj(text.zfill(14))]
    assert len(both) > 100
    assert {one(values.document, text) for text in both} == set(both)
