"""Groups that vanish whole, and months that were erased and generated anew."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor import vanished

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def task(*, code="0012", name="DCTFWeb", due="2026-10-15T03:00:00.000Z", **more):
    return {"id": "1", "name": name, "_due_date": due, "customer.code": code, **more}


@pytest.mark.parametrize(
    ("row", "group", "likeness"),
    [
        pytest.param(task(), "0012 2026-10", "0012 2026-10-15 DCTFWeb", id="the report's dotted keys"),
        pytest.param(
            {"name": "DCTFWeb", "due_date": "2026-10-15T03:00:00.000Z", "customer": {"code": "0012"}},
            "0012 2026-10",
            "0012 2026-10-15 DCTFWeb",
            id="the search's nested ones",
        ),
        pytest.param(
            task(due="2026-11-01T02:59:59.999Z"),
            "0012 2026-10",
            "0012 2026-10-31 DCTFWeb",
            id="the end of a day in São Paulo is that day",
        ),
        pytest.param(task(code=None, customer="abc"), "abc 2026-10", "abc 2026-10-15 DCTFWeb", id="a bare id"),
        pytest.param(
            task(code=None, **{"customer.name": "Padaria do Zé"}),
            "Padaria_do_Zé 2026-10",
            "Padaria_do_Zé 2026-10-15 DCTFWeb",
            id="a client without a code goes by its name",
        ),
        pytest.param(task(code=None), "", "", id="without a client"),
        pytest.param(task(due=None), "", "", id="without a due date"),
        pytest.param(task(due="soon"), "", "", id="a date that is none"),
        pytest.param(task(name=None), "0012 2026-10", "", id="without a name"),
    ],
)
def test_what_a_row_has_in_common_with_others(row, group, likeness):
    assert (vanished.group_of(row), vanished.likeness_of(row)) == (group, likeness)


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.sampled_from(["", "x", "y"])), st.data())
def test_a_group_speaks_with_one_voice_only_where_all_of_it_lacks(held, data):
    lacking = data.draw(st.sets(st.sampled_from(sorted(held)))) if held else set()
    groups = vanished.whole_groups(held.items(), lacking)
    assert set(groups) <= lacking
    for row_id, group in groups.items():
        assert held[row_id] == group != ""
        assert all(other in lacking for other, theirs in held.items() if theirs == group)


def test_one_row_alone_is_no_group():
    assert vanished.whole_groups([("a", "x"), ("b", "y"), ("c", "y")], {"a", "b", "c"}) == {"b": "y", "c": "y"}


def test_as_many_new_ones_as_vanished_are_a_regeneration():
    old = {"a": "x", "b": "x", "c": "y", "d": ""}
    new = {"1": "x", "2": "x", "3": "z", "4": ""}
    assert vanished.regenerated(old, new) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(("old", "new"), [("aa", "a"), ("a", "aa")], ids=["fewer", "more"])
def test_another_number_of_new_ones_is_no_regeneration(old, new):
    rows = [{f"{side}{n}": "x" for n, _ in enumerate(ids)} for side, ids in (("old", old), ("new", new))]
    assert vanished.regenerated(*rows) == []


def test_a_regeneration_is_told_by_client_and_month():
    likeness = {"a": "0012 2026-10-15 DCTF Web", "b": "0012 2026-10-20 FGTS", "c": "7 2026-11-01 ISS"}
    told = vanished.clients_months([("a", "1"), ("b", "2"), ("c", "3")], likeness)
    assert told == {"0012 2026-10": 2, "7 2026-11": 1}


def test_who_went_more_than_a_day_ago_has_no_successor_any_more():
    notes = {"a": ("x", "2026-11-25T11:00:00+00:00"), "b": ("x", "2026-11-24T11:00:00+00:00")}
    assert set(vanished.still_lately(notes, now=NOON)) == {"a"}
