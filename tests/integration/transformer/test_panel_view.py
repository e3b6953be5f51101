"""The view that people look at: never a task twice, never one less, and flags that follow from the dates."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.clock import now
from shared.landing import iso
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, TASKS, at, page

pytestmark = pytest.mark.integration

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def task(task_id: str, **other: Any) -> dict[str, Any]:
    return {"id": task_id, "name": f"Task {task_id}", "status": "OPEN"} | other


def test_a_task_carries_its_clients_page_whatever_the_zeros_and_blanks(office):
    office.bring(
        [
            task("code", **{"customer.code": 12}),
            task("zeros", **{"customer.code": " 0012 "}),
            task("letters", **{"customer.code": "a12"}),
            task("document", **{"customer.cnpj": 191}),
            task("nobody", **{"customer.code": "99"}),
            task("neither"),
        ],
        read_at=at(1),
    )
    pages = [
        page("p1", client_code="012", trade_name="Padaria", client_manager="Ana"),
        page("p2", client_code="A12", trade_name="Oficina"),
        page("p3", client_document="00.000.000/0001-91", trade_name="Banco"),
    ]
    office.load(office.land_pages(pages, read_at=at(1)))
    shown = {task_id: row["client_trade_name"] for task_id, row in office.shown().items()}
    assert shown == {
        "code": "Padaria",
        "zeros": "Padaria",
        "letters": "Oficina",
        "document": "Banco",
        "nobody": None,
        "neither": None,
    }
    assert office.shown()["code"]["client_manager"] == "Ana"
    assert office.shown()["code"]["client_page_url"] == "https://app.notion.com/p/p1"


@pytest.mark.parametrize("words", ["ISENTO", "00.000.000/0000-00", "em abertura"])
def test_what_only_stands_in_the_place_of_a_document_joins_nobody(office, words):
    office.bring([task("a", **{"customer.cnpj": words, "customer.name": "Outro"})], read_at=at(1))
    office.load(office.land_pages([page("p", client_document=words, trade_name="Padaria")], read_at=at(1)))
    assert office.shown()["a"]["client_trade_name"] is None
    named = office.rows("SELECT problem, name FROM ops.clients_at_odds ORDER BY problem")
    assert [tuple(row.values()) for row in named] == [
        ("clients_without_page", "Outro"),
        ("pages_without_client", "Padaria"),
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (191, "00.000.000/0001-91"),
        ("12abc34501de35", "12.ABC.345/01DE-35"),
        ("123.456.789-09", "123.456.789-09"),
        ("em abertura", "EMABERTURA"),
        ("", None),
    ],
)
def test_a_document_is_shown_as_it_is_written(office, given, shown):
    office.bring([task("a", **{"customer.cnpj": given})], read_at=at(1))
    assert office.shown()["a"]["client_document"] == shown


def test_a_task_that_is_open_again_is_not_concluded_whatever_its_other_part_said_then(office):
    concluded = {
        "status": "DONE",
        "conclusion_date": moment(-9, 12),
        "done_overdue": True,
        "concluded_by": {"name": "Ana"},
    }
    nested = {"_id": "a", "name": "T", "due_date": day(-10)} | concluded
    office.bring([nested], read_at=at(1), scope="lookup")
    assert (office.shown()["a"]["concluded_by"], office.shown()["a"]["days_late"]) == ("Ana", 1)
    office.bring([task("a", _due_date=day(-10))], read_at=at(2))
    shown = office.shown()["a"]
    assert [shown[name] for name in ("status", "completed_at", "concluded_by", "done_late")] == [
        "open",
        None,
        None,
        None,
    ]
    assert (shown["is_overdue"], shown["days_late"]) == (True, 10)
    assert sum(row["done"] for row in office.rows("SELECT done FROM bi.backlog_by_day")) == 0


def test_two_pages_for_one_code_never_double_a_task_and_the_newest_speaks(office):
    office.bring([task("a", **{"customer.code": 12})], read_at=at(1))
    old, new = (
        page("p9", edited=at(1), client_code="12", trade_name="Old"),
        page("p1", edited=at(2), client_code="0012", trade_name="New"),
    )
    office.load(office.land_pages([new, old], read_at=at(3)))
    assert office.shown()["a"]["client_trade_name"] == "New"
    office.load(office.land_pages([], read_at=at(4), scope="lookup", removed=[{"id": "p1", "scope": "x"}]))
    assert office.shown()["a"]["client_trade_name"] == "Old"


def test_without_any_page_every_task_is_there(office):
    office.bring([task(f"t{n}", **{"customer.code": n}) for n in range(50)], read_at=at(1))
    assert len(office.shown()) == 50


def test_notions_own_tasks_stand_beside_gesttas(office):
    office.bring([task("a", **{"customer.code": 12})], read_at=at(1))
    office.load(office.land_pages([page("c", client_code="12", trade_name="Padaria")], read_at=at(1)))
    own = [
        page("n1", title="Ligar", source_status="Fazendo", due_date="2026-11-10", client_code="0012", owner="Bia"),
        page("n2", title="Velha", source_status="Cancelado"),
    ]
    office.load(office.land_pages(own, read_at=at(2), mapping=TASKS, scope="other", data_source_id="other"))
    shown = office.shown()
    assert {task_id: (row["source"], row["status"], row["is_open"]) for task_id, row in shown.items()} == {
        "a": ("gestta", "open", True),
        "n1": ("notion", "in_progress", True),
        "n2": ("notion", "cancelled", False),
    }
    assert (shown["n1"]["client_trade_name"], shown["n1"]["owner"], shown["n1"]["type"]) == ("Padaria", "Bia", None)


TODAY = now().astimezone(SAO_PAULO).date()


def day(offset: int) -> str:
    return f"{TODAY + timedelta(days=offset)}T03:00:00.000Z"


def moment(offset: int, hour: int, minute: int = 0) -> str:
    """A moment of the office's day, in UTC."""
    local = datetime.combine(TODAY + timedelta(days=offset), datetime.min.time(), SAO_PAULO)
    return iso(local + timedelta(hours=hour, minutes=minute))


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        (
            {"_due_date": day(0)},
            {"is_open": True, "is_due_today": True, "is_overdue": False, "days_to_due": 0, "days_late": None},
        ),
        ({"_due_date": day(-1)}, {"is_overdue": True, "is_due_today": False, "days_to_due": -1, "days_late": 1}),
        ({"_due_date": day(1)}, {"is_overdue": False, "days_to_due": 1, "days_late": None}),
        ({"_due_date": day(-40), "legal_date": day(-1)}, {"is_past_legal": True, "days_late": 40}),
        ({"_due_date": day(-40), "legal_date": day(0)}, {"is_past_legal": False}),
        (
            {"_due_date": day(-1), "status": "IMPEDIMENT"},
            {"status": "blocked", "is_open": True, "is_overdue": True, "days_late": 1},
        ),
        (
            {"_due_date": day(-9), "status": "DISCONSIDERED"},
            {"status": "set_aside", "is_open": False, "is_overdue": False, "days_late": None, "days_to_due": None},
        ),
        (
            {"_due_date": day(-2), "status": "DONE", "conclusion_date": moment(-2, 23, 59)},
            {"finished_on_time": True, "days_late": None, "is_overdue": False},
        ),
        (
            {"_due_date": day(-2), "status": "DONE", "conclusion_date": moment(-1, 0, 1)},
            {"finished_on_time": False, "days_late": 1},
        ),
        ({"_due_date": day(-2), "status": "DONE"}, {"finished_on_time": None}),
        ({"status": "DONE", "conclusion_date": moment(-2, 12)}, {"finished_on_time": None, "days_late": None}),
        ({}, {"is_open": True, "is_overdue": None, "is_due_today": None, "days_to_due": None, "days_late": None}),
        ({"_due_date": day(-5), "overdue": False}, {"is_overdue": True}),
    ],
    ids=[
        "due today",
        "due yesterday",
        "due tomorrow",
        "past the law's date",
        "on the law's date",
        "blocked and late",
        "set aside",
        "done in the day's last minute",
        "done in the next day's first minute",
        "done, nobody says when",
        "done, never due",
        "no date at all",
        "the source's flag disagrees",
    ],
)
def test_flags_follow_from_the_dates_in_sao_paulo(office, row, flags):
    office.bring([task("a", **row)], read_at=at(1))
    shown = office.shown()["a"]
    assert {name: shown[name] for name in flags} == flags


def test_a_task_that_is_done_without_a_time_is_not_later_every_day(office):
    office.bring([task("a", _due_date=day(-30), status="DONE")], read_at=at(1))
    assert office.shown()["a"]["days_late"] is None, "what the source does not have is NULL, never a guess"


def test_the_backlog_counts_what_was_open_at_the_end_of_each_day(office):
    noon = now().replace(hour=15, minute=0, second=0, microsecond=0)
    office.bring([task("a", _due_date=day(-9)), task("b")], read_at=noon - timedelta(days=3))
    office.bring(
        [task("a", _due_date=day(-9), status="DONE", conclusion_date=iso(noon - timedelta(days=1))), task("b")],
        read_at=noon - timedelta(days=1),
    )
    counts = {
        row["day"]: (row["open"], row["overdue"], row["done"]) for row in office.rows("SELECT * FROM bi.backlog_by_day")
    }
    local = noon.astimezone(SAO_PAULO).date()
    assert counts[local - timedelta(days=3)] == (2, 1, 0)
    assert counts[local - timedelta(days=2)] == (2, 1, 0)
    assert counts[local - timedelta(days=1)] == (1, 0, 1)


def test_freshness_follows_the_newest_plan(office):
    seven = timedelta(minutes=7)
    moment = now()
    office.bring(
        [],
        read_at=moment - timedelta(minutes=30),
        scope=BLOCK,
        plan=[(BLOCK, seven), (NEXT_BLOCK, seven), ("search:open", seven)],
    )
    office.bring([], read_at=moment, scope=NEXT_BLOCK, plan=[(BLOCK, seven), (NEXT_BLOCK, timedelta(hours=1))])
    fresh = {row["scope"]: row for row in office.rows("SELECT * FROM bi.freshness")}
    assert {scope: (row["every"], row["is_stale"]) for scope, row in fresh.items()} == {
        BLOCK: (seven, True),
        NEXT_BLOCK: (timedelta(hours=1), False),
    }
    office.bring([], read_at=moment - timedelta(minutes=20), scope=BLOCK, plan=[(BLOCK, seven), ("search:open", seven)])
    scopes = {row["scope"]: row["every"] for row in office.rows("SELECT * FROM bi.freshness")}
    assert scopes[NEXT_BLOCK] == timedelta(hours=1), "an old plan that arrives late takes nothing away"


def test_an_old_plan_that_arrives_late_adds_no_scope(office):
    seven = timedelta(minutes=7)
    office.bring([], read_at=at(5), scope=BLOCK, plan=[(BLOCK, seven)])
    office.bring([], read_at=at(1), scope=BLOCK, plan=[(BLOCK, seven), ("report:2019-01-01/2019-03-31", seven)])
    assert [row["scope"] for row in office.rows("SELECT scope FROM ops.scopes")] == [BLOCK]


def test_dates_are_days_and_a_competence_its_month(office):
    office.bring(
        [{"_id": "a", "name": "T", "competence_date": "2026-07-01T02:59:59.999Z", "due_date": "2026-07-20"}],
        read_at=at(1),
        scope="search:open",
    )
    shown = office.shown()["a"]
    assert (shown["competence"], shown["due_date"]) == (date(2026, 6, 1), date(2026, 7, 20))


def test_a_scope_that_comes_back_into_the_plan_is_as_old_as_its_last_load(office):
    hour = timedelta(hours=1)
    plan, without = [(BLOCK, hour), (NEXT_BLOCK, hour)], [(NEXT_BLOCK, hour)]
    office.bring([], read_at=at(1), plan=plan)
    office.bring([], read_at=at(2), scope=NEXT_BLOCK, plan=without)
    office.bring([], read_at=at(3), scope=NEXT_BLOCK, plan=plan)
    fresh = {row["scope"]: row["last_read_at"] for row in office.rows("SELECT * FROM bi.freshness")}
    assert fresh == {BLOCK: at(1), NEXT_BLOCK: at(3)}
