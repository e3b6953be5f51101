"""A report in pieces is the same report, and whatever is no report is named."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor import elements
from services.gestta_extractor.elements import Elements
from shared.errors import Transient

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def read(body, step=1 << 18):
    """All elements of a body that arrives in pieces of at most `step` bytes."""
    file = io.BytesIO(body)
    return list(Elements(lambda size: file.read(min(size, step))))


@given(
    st.lists(VALUES, max_size=4),
    st.integers(1, 7),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from(["", "{}", '{"more":[1,{"data":[2]}],']),
)
def test_in_whatever_pieces_it_arrives_it_is_what_the_standard_library_reads(rows, step, indent, escaped, before):
    text = json.dumps(rows, indent=indent, ensure_ascii=escaped)
    body = f" {text}\n" if not before.endswith(",") else f'{before}"data":{text}, "total": 3}}'
    assert read(body.encode("utf-8", "surrogatepass") if escaped else body.encode("utf-8", "replace"), step) == (
        rows if escaped else json.loads(json.dumps(rows, ensure_ascii=False).encode("utf-8", "replace"))
    )


@given(st.lists(VALUES, min_size=1, max_size=3), st.integers(1, 7), st.data())
def test_a_report_that_breaks_off_anywhere_is_no_report(rows, step, data):
    body = json.dumps(rows).encode()
    with pytest.raises(Transient):
        read(body[: data.draw(st.integers(0, len(body) - 1))], step)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"<html>", "not JSON", id="HTML"),
        pytest.param(b'"rows"', "not JSON", id="a bare text"),
        pytest.param(b"[1, 2] x", "follows", id="something behind it"),
        pytest.param(b"[1 2]", "belongs", id="no comma"),
        pytest.param(b"[1,]", "broke off or is not JSON", id="a comma too many"),
        pytest.param(b"[nope]", "broke off or is not JSON", id="an unknown word"),
        pytest.param(b"{}", "without `data`", id="an empty object"),
        pytest.param(b'{"code": "internal.error"}', "without `data`", id="an error with 200"),
        pytest.param(b'{"data": {"rows": 3}}', "no list", id="data that is an object"),
        pytest.param(b'{"data": null}', "no list", id="data that is null"),
        pytest.param(b'{"data" [1]}', "belongs", id="no colon"),
        pytest.param(b'{"data": [1]', "belongs", id="an object that is not closed"),
        pytest.param(b"[" * 200_000, "nested too deeply", id="nesting without end"),
        pytest.param(b"[" + b"9" * 5000 + b"]", "nobody can read", id="an integer of thousands of digits"),
    ],
)
def test_what_is_no_report_is_named(body, reason):
    with pytest.raises(Transient, match=reason):
        read(body)


def test_an_integer_beyond_64_bits_and_a_million_characters_are_values_like_others():
    rows = [{"n": 10**300, "name": "ã" * 1_000_000}, {"n": -(2**70)}]
    assert read(json.dumps(rows).encode(), 1 << 16) == rows


def test_an_element_without_end_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(elements, "LONGEST", 1000)
    asked = []

    def endless(size):
        asked.append(size)
        return b'["' if len(asked) == 1 else b"x" * 400

    with pytest.raises(Transient, match="broke off"):
        list(Elements(endless))
    assert len(asked) < 6
