"""Brazilian registration numbers with valid check digits."""

from random import Random

CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _check_digit(values: list[int], weights: tuple[int, ...]) -> int:
    rest = sum(value * weight for value, weight in zip(values, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


def cnpj(root: str, branch: str = "0001") -> str:
    """The 14 characters of a CNPJ from its root of 8.

    Since July 2026 new ones may hold letters: a character counts as its ASCII code minus 48, so that the
    digits keep their value (Receita Federal, IN RFB 2.229/2024).
    """
    body = root + branch
    values = [ord(character) - 48 for character in body]
    first = _check_digit(values, CNPJ_WEIGHTS[1:])
    second = _check_digit([*values, first], CNPJ_WEIGHTS)
    return f"{body}{first}{second}"


def cpf(body: str) -> str:
    """The 11 digits of a CPF from its first nine."""
    values = [int(character) for character in body]
    first = _check_digit(values, tuple(range(10, 1, -1)))
    second = _check_digit([*values, first], tuple(range(11, 1, -1)))
    return f"{body}{first}{second}"


def any_cnpj(rng: Random) -> str:
    """One in eight begins with zeros, one in twenty holds letters."""
    draw = rng.random()
    if draw < 0.125:
        root = f"{rng.randrange(100_000):08d}"
    elif draw < 0.175:
        root = "".join(rng.choices(ALPHABET, k=8))
    else:
        root = f"{rng.randrange(10_000_000, 100_000_000):08d}"
    return cnpj(root)


def any_cpf(rng: Random) -> str:
    return cpf(f"{rng.randrange(1_000_000_000):09d}")


def formatted(document: str) -> str:
    """With dots, slash and dash, as people type it."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"
