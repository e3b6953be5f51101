"""A key that appears, vanishes or changes its type is told by its name; normal variation is not."""

import pytest

from services.transformer.tidy.gestta import tidy
from tests.unit.transformer.raw import fields_of, manifest, row

USUAL = {
    "name": "DCTF",
    "type": "RECURRENT",
    "subtype": "AUTOMATIC",
    "status": "OPEN",
    "_due_date": "2026-11-10T03:00:00.000Z",
    "created_at": "2026-10-01T09:00:00.000Z",
    "overdue": False,
    "fine": True,
    "company_department.name": "Fiscal",
    "owner.name": "Ana",
    "customer.name": "Padaria",
    "customer.code": "0012",
    "customer.cnpj": "11222333000181",
}


def rows(count, change=None, *, without=()):
    usual = {key: value for key, value in USUAL.items() if key not in without}
    return [row({"id": f"t{n}"} | usual | (change or {})) for n in range(count)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score2": 1}, {"field+score2"}),
        ({"priority.level": "high"}, {"field+priority"}),
        ({"priority": {"level": "high"}}, {"field+priority"}),
        ({"customer.segment": "x"}, {"field+customer.segment"}),
        ({"customer": {"segment": "x"}}, {"field+customer.segment"}),
        ({"customer": {"federal_regime": {"since": 2020}}}, {"field+customer.federal_regime.since"}),
        ({"value": "12.50"}, {"type:value=text"}),
        ({"customer.code": 12}, set()),
        ({"overdue": "false"}, {"type:overdue=text"}),
        ({"overdue": 0}, {"type:overdue=number"}),
        ({"status": 4}, {"type:status=number", "status=4"}),
        ({"_due_date": 1_762_743_600}, {"type:_due_date=number"}),
        ({"legal_date": {"day": 1}}, {"type:legal_date=object"}),
        ({"name": ["a"]}, {"type:name=list"}),
        ({"owner": ["5f01"]}, {"type:owner=list"}),
        ({"owner": 7}, {"type:owner=number"}),
        ({"owner": "5f01"}, set()),
        ({"status": "PAUSED"}, {"status=PAUSED"}),
        ({"name": None, "value": None, "customer.federal_regime": None, "owner": None}, set()),
    ],
    ids=lambda value: repr(sorted(value)) if isinstance(value, set) else str(value),
)
def test_what_changed_is_named(change, told):
    assert tidy(rows(3) + rows(1, change), 1, manifest()).drift == told


@pytest.mark.parametrize("key", ["name", "type", "status", "_due_date", "created_at"])
def test_a_key_that_every_task_has_is_missed_in_a_few_rows(key):
    assert tidy(rows(10, without=[key]), 1, manifest()).drift == {f"field-{key}"}
    assert tidy(rows(10, without=[key]) + rows(1), 1, manifest()).drift == set()
    assert tidy(rows(9, without=[key]), 1, manifest()).drift == set()


@pytest.mark.parametrize("key", ["owner.name", "customer.code", "customer.cnpj", "overdue", "subtype"])
def test_a_key_that_most_tasks_have_is_missed_in_many_rows(key):
    assert tidy(rows(1_000, without=[key]), 1, manifest()).drift == {f"field-{key}"}
    assert tidy(rows(999, without=[key]), 1, manifest()).drift == set()


def test_the_search_is_not_asked_for_what_only_the_report_has():
    found = tidy(
        rows(1_000, {"due_date": "2026-11-10"}, without=["_due_date", "created_at"]), 1, manifest(scope="lookup")
    )
    assert found.drift == set()


def test_an_unknown_status_is_shown_as_open_beside_its_own_word():
    found = tidy(rows(1, {"status": "WAITING"}), 1, manifest())
    fields = fields_of(found, "t0")
    assert (fields["status"], fields["source_status"]) == ("open", "WAITING")


def test_what_is_told_is_short_and_little_whatever_the_row_holds():
    odd = {f"{'k' * 300}{n}": n for n in range(2_000)} | {"status": "S" * 9_000, "": 1, "a" * 5_000 + ".b": 1}
    drift = tidy(rows(1, odd), 1, manifest()).drift
    assert 2 <= len(drift) <= 60
    assert max(map(len, drift)) <= 110
