"""Whatever a row holds, it is kept or it is one row set aside with its field and reason; its neighbours load."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.transformer.tidy import gestta, notion
from tests.unit.transformer.odd import ODD
from tests.unit.transformer.raw import fields_of, manifest, row, said

BEFORE, AFTER = {"id": "before", "name": "B"}, {"id": "after", "name": "A"}
EDITED = {"last_edited_time": "2026-11-01T10:00:00.000Z"}
PAGES = manifest(
    mapping={
        "role": "clients",
        "fields": {name: {"id": name} for name in notion.FIELDS},
        "statuses": {},
    }
)
KEYS = [key for keys, _ in gestta.FIELDS.values() for key in keys]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_row_is_kept_or_set_aside_and_its_neighbours_load(odd):
    tidied = gestta.tidy([row(BEFORE), row(odd.text), row(AFTER)], 11, manifest())
    assert [name for name in tidied.frame.row_id if name != "x"] == ["before", "after"]
    if odd.field is None:
        assert not tidied.rejected
        assert fields_of(tidied, "x")["title"] == odd.title
        json.dumps(tidied.frame.raw.tolist(), ensure_ascii=False).encode()  # no half of a pair is left
    else:
        (rejected,) = tidied.rejected
        assert (rejected.row_number, rejected.field) == (12, odd.field)
        assert rejected.reason
        rejected.raw.encode()


def test_all_odd_rows_together_are_judged_as_each_alone():
    tidied = gestta.tidy([row(odd.text) for odd in ODD.values()], 1, manifest())
    places = {place: odd.field for place, odd in enumerate(ODD.values(), 1) if odd.field is not None}
    assert {rejected.row_number: rejected.field for rejected in tidied.rejected} == places
    assert sorted([*tidied.frame.row_number, *places]) == list(range(1, len(ODD) + 1))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), JSON, max_size=12))
def test_no_task_stops_its_batch(anything):
    tidied = gestta.tidy([row(BEFORE), row(anything | {"id": "x"}), row(AFTER)], 1, manifest())
    assert len(tidied.frame) + len(tidied.rejected) == 3
    assert {"before", "after"} <= set(tidied.frame.row_id)
    for fields in said(tidied):
        assert set(fields) <= {*gestta.FIELDS, "status", "client_key"}


PROPERTY = st.fixed_dictionaries(
    {"type": st.sampled_from(["title", "select", "date", "people", "relation", "rollup", "formula", "place", "x"])},
    optional={"id": st.sampled_from(sorted(notion.FIELDS)), "has_more": st.booleans()},
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), JSON | st.builds(lambda p, v: {p["type"]: v} | p, PROPERTY, JSON), max_size=6))
def test_no_page_stops_its_batch(properties):
    pages: list[dict[str, Any]] = [{"id": name, "properties": {}} for name in ("before", "x", "after")]
    pages[1]["properties"] = properties
    tidied = notion.tidy([row(page | EDITED) for page in pages], 1, PAGES)
    assert len(tidied.frame) + len(tidied.rejected) == 3
    assert {"before", "after"} <= set(tidied.frame.row_id)
