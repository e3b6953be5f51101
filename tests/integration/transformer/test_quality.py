"""How well the two sources fit together: counted for each load, and readable by name."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.console import warehouse as console
from services.transformer.approved import ApprovedRemovals
from shared.clock import now
from tests.integration.transformer.conftest import BLOCK, CLIENTS, REGISTER, TASKS, at, page

pytestmark = pytest.mark.integration


def task(task_id: str, code: Any = None, **other: Any) -> dict[str, Any]:
    client = {} if code is None else {"customer.code": code, "customer.name": f"Cliente {code}"}
    return {"id": task_id, "name": "T", "status": "OPEN"} | client | other


@pytest.fixture
def counts(office):
    def newest() -> dict[str, int]:
        rows = office.rows(
            "SELECT DISTINCT ON (measure) measure, value FROM ops.quality ORDER BY measure, measured_at DESC, scope"
        )
        return {row["measure"]: row["value"] for row in rows}

    return newest


@pytest.fixture
def at_odds(office):
    def names(problem: str) -> set[tuple[str, str]]:
        rows = office.rows("SELECT * FROM ops.clients_at_odds WHERE problem = :problem", problem=problem)
        return {(row["client"], row["name"]) for row in rows}

    return names


def test_where_all_fits_every_count_is_nought(office, counts):
    office.load(office.land_pages([page("p", client_code="12")], read_at=at(0)))
    office.bring([task("a", "0012")], read_at=at(1))
    problems = {row["problem"]: row["rows"] for row in office.rows("SELECT * FROM ops.problems")}
    assert problems == {
        "clients_without_page": 0,
        "pages_without_client": 0,
        "codes_used_twice": 0,
        "flags_against_dates": 0,
        "parts_at_odds": 0,
    }


def test_clients_without_a_page_are_counted_and_named(office, at_odds):
    office.load(office.land_pages([page("p", client_code="12")], read_at=at(0)))
    rows = [task("a", "0012"), task("b", 7), task("c", "007"), task("d", "A9"), task("e")]
    office.bring([*rows, task("f", **{"customer.cnpj": 191, "customer.name": "Banco"})], read_at=at(1))
    assert at_odds("clients_without_page") == {("7", "Cliente 7"), ("A9", "Cliente A9"), ("00000000000191", "Banco")}
    (counted,) = office.rows("SELECT value, scope FROM ops.quality WHERE measure = 'clients_without_page'"
                             " AND system = 'gestta'")  # fmt: skip
    assert counted == {"value": 3, "scope": BLOCK}


def test_pages_without_a_client_are_counted_and_named(office, at_odds):
    office.bring([task("a", "12"), task("b", **{"customer.cnpj": 191})], read_at=at(1))
    pages = [
        page("p1", client_code="012"),
        page("p2", client_code="99", trade_name="Sem Cliente"),
        page("p3", client_document="00.000.000/0001-91"),
        page("p4", title="Nem código"),
    ]
    office.load(office.land_pages(pages, read_at=at(2)))
    assert at_odds("pages_without_client") == {("99", "Sem Cliente"), (None, "Nem código")}
    problems = {row["problem"]: row["rows"] for row in office.rows("SELECT * FROM ops.problems")}
    assert problems["pages_without_client"] == 2


def test_a_code_used_twice_counts_once_and_names_both_pages(office, at_odds, counts):
    office.bring([task("a", "12")], read_at=at(1))
    pages = [page("p1", client_code="12", trade_name="Old"), page("p2", client_code="0012", trade_name="New")]
    office.load(office.land_pages(pages, read_at=at(2)))
    assert at_odds("codes_used_twice") == {("12", "Old"), ("12", "New")}
    assert counts()["codes_used_twice"] == 1


def test_removed_tasks_and_pages_are_no_client_of_anybody(office, at_odds):
    office.load(office.land_pages([page("p", client_code="12")], read_at=at(0)))
    office.bring([task("a", "12"), task("b", "7")], read_at=at(1))
    office.bring([], read_at=at(2), scope="lookup", removed=["a", "b"])
    assert at_odds("clients_without_page") == set()
    assert {client for client, _ in at_odds("pages_without_client")} == {"12"}


def test_notions_own_tasks_are_no_pages_of_clients(office, at_odds):
    own = [page("n", title="Ligar", client_code="55")]
    office.load(office.land_pages(own, read_at=at(1), mapping=TASKS, scope="t", data_source_id="t"))
    assert at_odds("pages_without_client") == set()


OWN: dict[str, Any] = {
    "mapping": {**TASKS, "fields": {**TASKS["fields"], "client_document": {"id": "client_document"}}},
    "scope": "t",
    "data_source_id": "t",
}


def test_notions_own_tasks_have_clients_too(office, at_odds):
    register = [
        page("p1", client_code="3", trade_name="Padaria"),
        page("p2", client_document="00.000.000/0001-91", trade_name="Banco"),
        page("p3", client_code="99", trade_name="Sem tarefa"),
    ]
    office.load(office.land_pages(register, read_at=at(0)))
    own = [
        page("n1", client_code="3"),
        page("n2", client_document="00.000.000/0001-91"),
        page("n3", client_code="55"),
        page("n4", client_code="7"),
        page("n5", client_document="000.000.001-91"),
        page("n6", client_code="88"),
    ]
    office.load(office.land_pages(own, read_at=at(1), **OWN))
    office.bring([task("a", "7"), task("b", "9")], read_at=at(2))
    office.load(office.land_pages([], read_at=at(3), removed=[{"id": "n6", "scope": "t"}], **OWN))
    assert at_odds("pages_without_client") == {("99", "Sem tarefa")}
    assert at_odds("clients_without_page") == {
        ("55", None),
        ("7", "Cliente 7"),
        ("9", "Cliente 9"),
        ("00000000191", None),
    }


DONE = {"status": "DONE", "_due_date": "2026-11-10"}
YESTERDAY = f"{now() - timedelta(days=2):%Y-%m-%d}"
TOMORROW = f"{now() + timedelta(days=2):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("row", "disagrees"),
    [
        ({"_due_date": YESTERDAY, "overdue": True}, False),
        ({"_due_date": YESTERDAY, "overdue": False}, True),
        ({"_due_date": TOMORROW, "overdue": True}, True),
        ({"_due_date": YESTERDAY}, False),
        ({"overdue": True}, False),
        (DONE | {"conclusion_date": "2026-11-11T02:30:00Z", "on_time": True}, False),
        (DONE | {"conclusion_date": "2026-11-11T03:30:00Z", "on_time": True}, True),
        (DONE | {"conclusion_date": "2026-11-09T12:00:00Z", "done_overdue": True}, True),
        ({"status": "DISCONSIDERED", "_due_date": YESTERDAY, "overdue": False}, False),
    ],
)
def test_a_flag_that_contradicts_the_dates_is_counted(office, counts, row, disagrees):
    office.bring([task("a", **row)], read_at=at(1))
    assert counts()["flags_against_dates"] == int(disagrees)


@pytest.mark.parametrize(
    ("by_search", "minutes", "fields"),
    [
        pytest.param({"owner": {"name": "Ana"}}, 1, {}, id="the same"),
        pytest.param({"owner": {"name": "Rui"}}, 1, {"owner": 1}, id="another"),
        pytest.param({"owner": {"name": "Rui"}}, 30, {}, id="another, half an hour later: it was handed over"),
        pytest.param({"owner": {"name": "Rui"}, "status": "IMPEDIMENT"}, 1, {"owner": 1, "status": 1}, id="two"),
        pytest.param({"competence_date": "2026-11-01"}, 1, {}, id="what only one of them has"),
    ],
)
def test_what_report_and_search_say_differently_of_an_open_task_is_counted(office, by_search, minutes, fields):
    office.bring([task("a", **{"owner.name": "Ana"})], read_at=at(1))
    nested = {"_id": "a", "name": "T", "status": "OPEN"} | by_search
    office.bring([nested], read_at=at(1 + minutes), scope="search:open")
    rows = office.rows("SELECT * FROM ops.parts_at_odds")
    assert {row["field"]: row["tasks"] for row in rows} == fields
    (counted,) = office.rows("SELECT value FROM ops.quality WHERE measure = 'parts_at_odds' AND scope = 'search:open'")
    assert counted["value"] == max(fields.values(), default=0)


def test_a_load_that_changed_nothing_measures_nothing(office):
    office.bring([task("a", "12")], read_at=at(1))
    before = office.rows("SELECT count(*) FROM ops.quality")
    office.bring([task("a", "12")], read_at=at(2))
    assert office.rows("SELECT count(*) FROM ops.quality") == before


@pytest.fixture
def left_by_loads(office):
    """Of each load, in order: what it loaded, and the counts that it left."""

    def told() -> list[tuple[str, dict[str, int]]]:
        rows = office.rows("SELECT * FROM ops.quality_by_load ORDER BY load_id")
        loads = {row["load_id"]: row["scope"] for row in rows}
        counted = {load: {r["measure"]: r["value"] for r in rows if r["load_id"] == load} for load in loads}
        assert all(row["measured_at"] <= row["committed_at"] for row in rows)
        return [(scope, counted[load]) for load, scope in loads.items()]

    return told


def test_each_load_has_the_counts_that_it_left_also_one_that_changed_nothing(office, left_by_loads):
    office.bring([task("a", "12"), task("b", "7")], read_at=at(1))
    office.bring([task("a", "12"), task("b", "7")], read_at=at(2))
    register = [page("p1", client_code="12"), page("p2", client_code="0012"), page("p3", client_code="99")]
    for minute in (3, 4):
        office.load(office.land_pages(register, read_at=at(minute)))
    office.bring([task("a", "12"), task("b", "7")], read_at=at(5))
    alone = dict.fromkeys(("pages_without_client", "codes_used_twice", "flags_against_dates", "parts_at_odds"), 0)
    before = alone | {"clients_without_page": 2}
    after = alone | {"clients_without_page": 1, "pages_without_client": 1, "codes_used_twice": 1}
    assert left_by_loads() == [(BLOCK, before), (BLOCK, before), (REGISTER, after), (REGISTER, after), (BLOCK, after)]


def test_removals_that_a_person_approved_are_measured_too(office, left_by_loads, transformer_engine):
    office.load(office.land_pages([page("p", client_code="12")], read_at=at(0)))
    office.bring([task("a", "12")], read_at=at(1))
    office.bring([], read_at=at(2), scope="lookup", removed=[{"id": "a", "lacked": 900, "held": 1_000}])
    console.decide_removals(office.engine, "gestta", None, "approved", by="analyst", at=at(3))
    list(ApprovedRemovals(transformer_engine, source="/services/test", now=lambda: at(3)).beat())
    assert [counts["pages_without_client"] for _, counts in left_by_loads()] == [1, 0, 0, 1]


def test_the_first_load_of_a_day_measures_what_depends_on_the_day(office, counts):
    office.bring([task("a", _due_date=YESTERDAY, overdue=False)], read_at=at(1))
    with office.engine.begin() as connection:
        connection.execute(text("UPDATE ops.quality SET measured_at = measured_at - interval '1 day', value = 0"))
    for minute in (2, 3):
        office.bring([task("a", _due_date=YESTERDAY, overdue=False)], read_at=at(minute))
    assert counts()["flags_against_dates"] == 1
    assert office.rows("SELECT count(*) AS n FROM ops.quality WHERE measure = 'flags_against_dates'") == [{"n": 2}]


def test_the_console_shows_the_counts(office, console_engine):
    office.load(office.land_pages([page("p", client_code="12")], read_at=at(0), mapping=CLIENTS, scope=REGISTER))
    office.bring([task("a", "7")], read_at=at(1))
    shown = {row["problem"]: row["rows"] for row in console.status(console_engine).problems}
    assert (shown["clients_without_page"], shown["pages_without_client"]) == (1, 1)
