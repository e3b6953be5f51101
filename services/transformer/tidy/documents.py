"""CNPJ and CPF: their digits, their check digits, and the zeros that a number lost."""

import re
from functools import lru_cache

HEAD_OFFICE = "0001"
_PUNCTUATION = re.compile(r"[^0-9A-Z]")
# Alphanumeric since 2026-07; the two check digits stay digits.
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_CPF = re.compile(r"[0-9]{11}")
_WRITTEN_CPF = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}")


@lru_cache(maxsize=10_000)
def bare_document(words: str) -> str | None:
    """CNPJ (14 characters) or CPF (11) without punctuation, zeros restored; what is neither, without punctuation."""
    bare = _PUNCTUATION.sub("", words.upper())
    cnpj, cpf = bare.zfill(14), bare.zfill(11)
    if is_cpf(cpf) and (_WRITTEN_CPF.fullmatch(words) or not (is_cnpj(cnpj) and cnpj[8:12] == HEAD_OFFICE)):
        return cpf  # some CPFs pass as a CNPJ that lost three zeros, but hardly any of a head office
    return cnpj if is_cnpj(cnpj) else bare or None


def is_cnpj(text: str) -> bool:
    """Whether both check digits fit: a character counts as its ASCII code less 48."""
    if not _CNPJ.fullmatch(text) or text == "0" * 14:
        return False
    return all(text[12 + i] == _check_digit(text[: 12 + i], highest=9) for i in (0, 1))


def is_cpf(text: str) -> bool:
    """Whether both check digits fit; eleven times the same digit would, and is none."""
    if not _CPF.fullmatch(text) or len(set(text)) == 1:
        return False
    return all(text[9 + i] == _check_digit(text[: 9 + i], highest=11) for i in (0, 1))


def _check_digit(body: str, *, highest: int) -> str:
    """Modulus 11 with weights from 2 upwards from the right, starting again after `highest`."""
    span = highest - 1
    total = sum((ord(c) - 48) * (2 + i % span) for i, c in enumerate(reversed(body)))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)
