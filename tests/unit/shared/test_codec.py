"""Facts to bytes and back."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Envelope
from shared.contracts.events import FACTS, Fact
from shared.errors import Rejected
from shared.messaging.codec import decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAME = TEXT.filter(bool)
WHEN = st.builds(
    lambda milliseconds, zone: datetime.fromtimestamp(0, zone) + timedelta(milliseconds=milliseconds),
    st.integers(-60_000_000_000_000, 250_000_000_000_000),
    st.sampled_from([UTC, timezone(timedelta(hours=-3))]),
)


def _values(kind: Any) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        datetime: WHEN,
        type(None): st.none(),
    }
    if kind in simple:
        return simple[kind]
    arguments = get_args(kind)
    if kind == tuple[str, ...]:
        return st.lists(TEXT, max_size=4).map(tuple)
    if all(isinstance(argument, str) for argument in arguments):
        return st.sampled_from(arguments)
    return st.one_of(*map(_values, arguments))


@st.composite
def facts(draw):
    fact = draw(st.sampled_from(FACTS))
    hints = get_type_hints(fact)
    return fact(**{field.name: draw(_values(hints[field.name])) for field in dataclasses.fields(fact)})


@st.composite
def envelopes(draw):
    return Envelope(
        id=draw(NAME),
        source=draw(NAME),
        time=draw(WHEN),
        data=draw(facts()),
        correlationid=draw(NAME),
        causationid=draw(st.none() | NAME),
        replay=draw(st.none() | NAME),
        force=draw(st.booleans()),
        refresh=draw(st.booleans()),
        acceptrejects=draw(st.booleans()),
    )


@given(envelopes())
def test_every_fact_comes_back_as_it_was_said(envelope: Envelope[Fact]):
    assert decode(encode(envelope)) == envelope


def event(**changes: object) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": "/services/console",
        "type": "operacional.command.run_now.v1",
        "time": "2026-11-23T12:00:00Z",
        "data": {"system": "gestta", "by": "ana"},
    } | changes


def ready(**changes: object) -> dict[str, Any]:
    data: dict[str, Any] = {
        "system": "gestta",
        "batch_ref": "gestta/2026/11/23/x",
        "sha256": "0",
        "records": 1,
        "removed": 0,
        "scope": "search:open",
        "kind": "full",
        "read_from": "2026-11-23T12:00:00Z",
        "read_to": "2026-11-23T12:00:00Z",
    }
    return event(type="operacional.raw_data.ready.v1", data=data | changes)


def test_the_event_of_these_tests_is_itself_read():
    assert decode(json.dumps(event()).encode()).id == "e1"
    assert decode(json.dumps(ready()).encode()).routing_key == "raw_data.ready.v1.gestta"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(event(id=""), id="an empty id"),
        pytest.param(event(id=7), id="an id that is a number"),
        pytest.param(event(id="\ud800"), id="an id that UTF-8 cannot carry"),
        pytest.param(event(source=None), id="no source"),
        pytest.param(event(time="yesterday"), id="a time that is none"),
        pytest.param(event(time=None), id="no time"),
        pytest.param(event(correlationid=["x"]), id="a correlation that is a list"),
        pytest.param(event(causationid={"x": 1}), id="a cause that is an object"),
        pytest.param(event(replay=1), id="a replay that is a number"),
        pytest.param(event(data=None), id="no data"),
        pytest.param(event(data=[]), id="data that is a list"),
        pytest.param(event(data={"system": "gestta"}), id="a field that lacks"),
        pytest.param(event(data={"system": "gestta", "by": "\udc80"}), id="a text that UTF-8 cannot carry"),
        pytest.param(event(type="operacional.raw_data.ready.v2"), id="a version to come"),
        pytest.param(event(type="raw_data.ready.v1"), id="a type without the prefix"),
        pytest.param(ready(records="many"), id="a count that is a word"),
        pytest.param(ready(kind="partial"), id="a kind nobody knows"),
        pytest.param(ready(read_to="2026-11-23T12:00:00"), id="a naive time in the data"),
    ],
)
def test_what_is_garbled_is_rejected(wrong):
    with pytest.raises(Rejected):
        decode(json.dumps(wrong).encode())


@pytest.mark.parametrize("body", [b"\xff\xfe", b"nan", b'{"a":', b"1" * 10_000, b'{"a":' * 100_000])
def test_what_is_not_json_is_rejected(body):
    with pytest.raises(Rejected):
        decode(body)


def test_another_content_type_is_rejected():
    body = json.dumps(event()).encode()
    with pytest.raises(Rejected, match="text/html"):
        decode(body, content_type="text/html")


def test_an_event_without_correlation_begins_a_story():
    assert decode(json.dumps(event()).encode()).correlationid == "e1"


def test_an_order_is_given_by_true_alone():
    assert decode(json.dumps(event(force="yes", refresh=1)).encode()).force is False
    assert decode(json.dumps(event(force=True)).encode()).force is True
