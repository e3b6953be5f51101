"""Odd rows as the landing could hold them, as JSON text: what is kept of them, or where they are set aside."""

from typing import NamedTuple


class Odd(NamedTuple):
    """A Gestta row whose id is `x`, if it can be read at all."""

    text: str
    title: str | None = None
    """What is kept as its title."""
    field: str | None = None
    """Set aside with this field ("" where it is no row at all); None: kept."""


def named(name: str) -> str:
    return f'{{"id":"x","name":"{name}"}}'


def beside(key: str, value: str) -> str:
    return f'{{"id":"x","name":"A","{key}":{value}}}'


def nested(levels: int) -> str:
    return beside("deep", '{"a":' * levels + "1" + "}" * levels)


ODD: dict[str, Odd] = {
    "a name of a million characters": Odd(named("n" * 1_000_000), "n" * 1_000_000),
    "NUL": Odd(named(r"a\u0000b"), "a\ufffdb"),
    "NUL in a key": Odd(beside(r"\u0000", "1"), "A"),
    "a high half of a pair": Odd(named(r"a\ud83db"), "a\ufffdb"),
    "a low half of a pair": Odd(named(r"a\uDE00b"), "a\ufffdb"),
    "halves in the wrong order": Odd(named(r"\ude00\ud83d"), "\ufffd\ufffd"),
    "halves not written as escapes": Odd(named("a\ud83db"), "a\ufffdb"),
    "a whole pair": Odd(named(r"\ud83d\ude00"), "😀"),
    "a backslash before what looks like NUL": Odd(named(r"C:\\u0000"), r"C:\u0000"),
    "a backslash before what looks like half a pair": Odd(named(r"C:\\ud83d"), r"C:\ud83d"),
    "three backslashes and NUL": Odd(named(r"C:\\\u0000"), "C:\\\ufffd"),
    "a number that is almost nothing": Odd(beside("x", "1e-300"), "A"),
    "a number smaller than jsonb takes": Odd(beside("x", "1e-20000"), field=""),
    "a number longer than jsonb takes": Odd(beside("x", "0." + "0" * 20_000 + "1"), field=""),
    "a code that no double tells": Odd(beside("customer.code", "123456789012345678901"), "A"),
    "a key twice": Odd('{"id":"first","name":"B","id":"x","name":"A"}', "A"),
    "a number as name": Odd('{"id":"x","name":12.0}', "12"),
    "a boolean as name": Odd('{"id":"x","name":true}', field="title"),
    "an object as name": Odd('{"id":"x","name":{"pt":"A"}}', field="title"),
    "an infinite number as name": Odd('{"id":"x","name":1e999}', field="title"),
    "a huge integer nobody reads": Odd(beside("n", "9" * 4_000), "A"),
    "a huge integer as value": Odd(beside("value", "9" * 400), field="value"),
    "an integer of too many digits": Odd(beside("n", "9" * 5_000), field=""),
    "a large exponent nobody reads": Odd(beside("n", "1e4000"), "A"),
    "a small exponent nobody reads": Odd(beside("n", "1e-4000"), "A"),
    "an exponent beyond jsonb": Odd(beside("n", "1e200000"), field=""),
    "an exponent far below one": Odd(beside("n", "1E-20000"), field=""),
    "too many decimals for jsonb": Odd(beside("n", "0." + "1" * 20_000), field=""),
    "NaN": Odd(beside("n", "NaN"), field=""),
    "infinity": Odd(beside("n", "-Infinity"), field=""),
    "an infinite value": Odd(beside("value", "1e400"), field="value"),
    "a value of another type": Odd(beside("value", '"much"'), field="value"),
    "a value in a list": Odd(beside("value", "[1]"), field="value"),
    "a year out of range": Odd(beside("_due_date", '"9999-12-31T23:59:59Z"'), field="due_date"),
    "the first year": Odd(beside("created_at", '"0001-01-01T00:00:00Z"'), field="created_at"),
    "a year beyond any calendar": Odd(beside("legal_date", '"292277026596-12-04T15:30:08Z"'), field="legal_due_date"),
    "no such day": Odd(beside("_due_date", '"2026-02-30"'), field="due_date"),
    "an empty date": Odd(beside("_due_date", '""'), "A"),
    "an epoch number": Odd(beside("_due_date", "1762743600000"), field="due_date"),
    "a word for a boolean": Odd(beside("overdue", '"perhaps"'), field="source_overdue"),
    "an empty boolean": Odd(beside("overdue", '""'), "A"),
    "a code that fits no index": Odd(beside("customer.code", '"' + "9" * 600 + '"'), field="client_code"),
    "a code in an object": Odd(beside("customer.code", '{"a":1}'), field="client_code"),
    "nested rather deeply": Odd(nested(400), "A"),
    "nested too deeply": Odd(nested(5_000), field=""),
    "lists nested too deeply": Odd(beside("deep", "[" * 100_000 + "]" * 100_000), field=""),
    "many brackets that are not deep": Odd(beside("wide", "[" + ",".join(["[]"] * 3_000) + "]"), "A"),
    "brackets in a text": Odd(named("[" * 400), "[" * 400),
    "no id": Odd('{"name":"A"}', field="id"),
    "a null id": Odd('{"id":null}', field="id"),
    "an empty id": Odd('{"id":"  "}', field="id"),
    "an id in an object": Odd('{"id":{"$oid":"x"}}', field="id"),
    "an id that fits no index": Odd('{"id":"' + "x" * 600 + '"}', field="id"),
    "empty keys": Odd('{"id":"x","name":"A","":1,".":2,"a..b":3,"owner.":4,".name":5}', "A"),
    "a list": Odd("[]", field=""),
    "a text": Odd('"x"', field=""),
    "null": Odd("null", field=""),
    "nothing": Odd("", field=""),
    "broken JSON": Odd('{"id":"x"', field=""),
    "two rows in one": Odd('{"id":"x"},{"id":"y"}', field=""),
    "HTML": Odd("<html><body>502</body></html>", field=""),
}
