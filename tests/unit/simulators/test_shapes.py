"""The shapes of a report's row: pure functions of the flat one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.gestta.shapes import PARENTS, nested, shaped, with_null_parents

FLAT = {
    "id": "0" * 23 + "1",
    "customer.name": "Padaria",
    "customer.federal_regime": None,
    "customer.state_regime.name": "Normal",
    "owner": None,
}


def test_dotted_keys_become_objects_and_a_null_parent_stays():
    assert nested(FLAT) == {
        "id": FLAT["id"],
        "customer": {"name": "Padaria", "federal_regime": None, "state_regime": {"name": "Normal"}},
        "owner": None,
    }


@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "children first"])
def test_a_null_parent_never_hides_its_children(order):
    row = dict([("owner", None), ("owner.name", "Alba")][::order])

    assert nested(row) == {"owner": {"name": "Alba"}}


def test_every_parent_is_null_beside_or_instead_of_its_children():
    row = with_null_parents(FLAT)

    assert row.items() >= FLAT.items()
    assert all(row[parent] is None for parent in PARENTS)


@given(st.text("0123456789abcdef", min_size=24, max_size=24))
def test_a_mixed_report_gives_each_id_one_shape_for_good(task_id):
    row = {**FLAT, "id": task_id}

    assert shaped(row, "mixed") == shaped(row, "mixed")
    assert shaped(row, "mixed") in [row, nested(row), with_null_parents(row)]
