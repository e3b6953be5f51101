"""The simulated Gestta: the shapes of a report's rows, and rows that are wrong by order."""

from collections.abc import Iterator

import pytest

from tests.contract.simulated_gestta import Office, an_office


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def _flattened(row: dict, above: str = "") -> dict:
    """Dotted keys again, without the nulls: what every shape of a row must agree on."""
    flat: dict = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat |= _flattened(value, f"{above}{key}.")
        elif value is not None:
            flat[above + key] = value
    return flat


@pytest.mark.parametrize("shape", ["nested", "null_parents", "mixed"])
def test_every_shape_says_the_same_of_every_task(office, shape):
    flat = [_flattened(row) for row in office.rows()]
    office.behave(report_shape=shape)

    assert [_flattened(row) for row in office.rows()] == flat


def test_rows_may_be_nested_instead_of_dotted(office):
    office.behave(report_shape="nested")
    rows = office.rows()

    assert not any("." in key for row in rows for key in row)
    assert all(isinstance(row["customer"], dict) for row in rows)
    assert any(isinstance(row.get("owner"), dict) for row in rows)
    assert any(row.get("owner", 0) is None for row in rows)


def test_a_null_parent_may_stand_beside_its_dotted_children_or_instead_of_them(office):
    office.behave(report_shape="null_parents")
    rows = office.rows()

    assert all(row["owner"] is None and row["customer.federal_regime"] is None for row in rows)
    assert {"owner.name" in row for row in rows} == {True, False}
    assert {"customer.federal_regime.name" in row for row in rows} == {True, False}
    assert {"concluded_by.name" in row for row in rows} == {True, False}


def test_one_report_may_mix_flat_nested_and_null_parents(office):
    office.behave(report_shape="mixed")
    rows = office.rows()
    kinds = {
        "nested" if isinstance(row.get("customer"), dict) else "null parents" if "customer" in row else "flat"
        for row in rows
    }

    assert kinds == {"nested", "null parents", "flat"}


@pytest.mark.parametrize("name", ["created_at", "created"])
def test_the_offices_own_date_has_had_two_names(office, name):
    office.behave(company_date=name)
    keys = {key for row in office.rows() for key in row if key.startswith("company.created")}

    assert keys == {f"company.{name}"}


def test_a_null_parent_may_deny_a_regime_that_has_no_name(office):
    rows = [row for row in office.year() if "customer.federal_regime" in row]

    assert rows
    assert all(row["customer.federal_regime"] is None and "customer.federal_regime.name" not in row for row in rows)


def test_every_row_may_have_keys_that_nobody_knows(office):
    office.behave(row_extra={"novo_campo": {"a": [1, None]}, "customer.segmento": "Comércio"})
    found = office.search(limit=1)["docs"][0]

    assert all(row["novo_campo"] == {"a": [1, None]} and row["customer.segmento"] for row in office.rows())
    assert found["novo_campo"] == office.task(found["_id"]).json()["novo_campo"] == {"a": [1, None]}


def test_a_status_that_nobody_knows_is_true_and_served(office):
    task_id = office.rows()[0]["id"]
    office.door("POST", "/world/change", {"ids": [task_id], "set": {"status": "AGUARDANDO", "type": "PARCERIA"}})
    row = next(row for row in office.rows() if row["id"] == task_id)

    assert (row["status"], row["type"]) == ("AGUARDANDO", "PARCERIA")
    assert office.truth()[task_id]["status"] == "AGUARDANDO"


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        pytest.param({"set": {"name": "x" * 1_000_000}}, "x" * 1_000_000, id="a name of a million characters"),
        pytest.param({"set": {"name": "meia \ud83d metade"}}, "meia \ud83d metade", id="a lone surrogate"),
        pytest.param({"set": {"name": ["lista"]}}, ["lista"], id="a wrong type"),
        pytest.param({"set": {"name": "Guia&#x20;do&nbsp;m&#234;s"}}, "Guia&#x20;do&nbsp;m&#234;s", id="entities"),
        pytest.param({"drop": ["name"]}, None, id="a key that is missing"),
    ],
)
def test_one_row_can_be_spoilt_and_the_truth_knows_nothing_of_it(office, spoil, name):
    first, second = office.rows()[:2]
    truth = office.truth()
    office.behave(row_spoils={first["id"]: spoil})
    rows = office.rows()

    assert rows[0].get("name") == office.task(first["id"]).json().get("name") == name
    assert rows[1] == second
    assert office.truth() == truth


def test_a_row_can_lose_its_id_and_a_report_hold_what_is_no_task(office):
    rows = office.rows()
    office.behave(row_spoils={rows[0]["id"]: {"drop": ["id"]}}, report_strays=["texto", None, rows[1], {"sem": "id"}])
    spoilt = office.rows()

    assert "id" not in spoilt[0]
    assert spoilt[len(rows) :] == ["texto", None, rows[1], {"sem": "id"}]


def test_what_was_spoilt_is_whole_again_once_it_is_taken_back(office):
    rows = office.rows()
    office.behave(row_spoils={rows[0]["id"]: {"drop": ["id"]}}, report_shape="nested")
    office.rows()
    office.behave(row_spoils={}, report_shape="flat")

    assert office.rows() == rows
