"""Texts, codes, numbers and booleans: distinct raw values to typed ones (`columns.Convert`)."""

import html
import re
import unicodedata
from decimal import Decimal
from math import isfinite
from typing import Any

from services.transformer.tidy.columns import WRONG
from services.transformer.tidy.documents import bare_document

LONGEST_KEY = 500
LARGEST = 1e15
"""From here on a double no longer tells cents apart."""
_SPACES = re.compile(r"\s+")
# With its semicolon: HTML reads "&not" and "&para" without one too, and a name may say "Festas&para todos".
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_REAIS = re.compile(r"(?:R\$)?\s*(-?)\s*(?:R\$)?\s*((?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?)")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "": None}
# What is pasted from other programs brings marks along that nobody sees: joiners, directions, byte order.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_NOT_OF_A_CODE = re.compile(rf"[\s{_INVISIBLE}]+")
_ZERO_CENTS = re.compile(r"([0-9]+)\.0+")


def text(distinct: list[Any]) -> list[Any]:
    """NFC, entities decoded once, white space collapsed, empty as None; numbers as their digits, however many."""
    return distinct if _is_plain(distinct) else [_text(value) for value in distinct]


def key(distinct: list[Any]) -> list[Any]:
    """A text that Postgres can index: it refuses a whole batch for one that does not fit a page."""
    found = text(distinct)
    return [WRONG if isinstance(value, str) and len(value) > LONGEST_KEY else value for value in found]


def document(distinct: list[Any]) -> list[Any]:
    """CNPJ (14, also alphanumeric) or CPF (11) without punctuation, zeros restored; what is neither stays as it is."""
    return [bare_document(value) if isinstance(value, str) else value for value in text(distinct)]


def client_key(codes: list[Any]) -> list[Any]:
    """A client's code as the office compares it: no blanks, no leading zeros, letters in upper case."""
    return [_client_key(code) for code in codes]


def boolean(distinct: list[Any]) -> list[Any]:
    """True, false or null."""
    return [v if isinstance(v, bool) else _BOOLEANS.get(str(v).strip().lower(), WRONG) for v in distinct]


def number(distinct: list[Any]) -> list[Any]:
    """A number, or text that is one; with a comma or R$ as Brazilians write it."""
    return [_number(value) for value in distinct]


def _is_plain(values: list[Any]) -> bool:
    """Whether every value is a text with nothing to clean: seen at once, since ids are as many as rows."""
    if not set(map(type, values)) <= {str}:
        return False
    joined = f"|{'|'.join(values)}|"
    return joined.isascii() and joined.isprintable() and not any(s in joined for s in ("&", "  ", " |", "| ", "||"))


def _text(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, float) and not isfinite(value)):
        return WRONG
    if isinstance(value, float) and value.is_integer():
        value = int(Decimal(repr(value)))  # the digits that were written, not those of the double
    words = str(value)
    if "&" in words:
        words = _ENTITY.sub(lambda entity: html.unescape(entity[0]), words)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", words)).strip(f" {_INVISIBLE}") or None


def _client_key(code: str) -> str | None:
    bare = _NOT_OF_A_CODE.sub("", code).upper()
    if whole := _ZERO_CENTS.fullmatch(bare):  # a number that became text on its way
        bare = whole[1]
    return (bare.lstrip("0") or "0") if bare else None


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return WRONG
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if not _DECIMAL.fullmatch(value):
            return _reais(value)
    try:
        return _within(float(value))
    except OverflowError:
        return WRONG


def _reais(words: str) -> Any:
    match = _REAIS.fullmatch(words)
    if match is None or not ("," in words or "R$" in words):
        return WRONG
    return _within(float(match[1] + match[2].replace(".", "").replace(",", ".")))


def _within(found: float) -> Any:
    """Without the sign of nought, which Postgres does not keep."""
    return found + 0.0 if abs(found) < LARGEST else WRONG
