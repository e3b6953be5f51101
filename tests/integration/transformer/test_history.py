"""The history of a task: one row per change, in the order of reading, and what is derived from it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from shared.clock import now
from shared.database.connection import take_turn
from shared.landing import iso
from tests.integration.transformer.conftest import BLOCK, CLIENTS, TASKS, at, page

pytestmark = pytest.mark.integration

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def report(task_id: str = "a", **other: Any) -> dict[str, Any]:
    return {"id": task_id, "name": "T", "status": "OPEN", "customer.code": "0012"} | other


@pytest.fixture
def story(office):
    """What `bi.task_history` shows of a task, by the columns asked for."""

    def told(*columns: str, task_id: str = "a") -> list[tuple[Any, ...]]:
        rows = office.rows("SELECT * FROM bi.task_history WHERE task_id = :id ORDER BY valid_from", id=task_id)
        return [tuple(row[column] for column in columns) for row in rows]

    return told


@pytest.fixture
def manager_is(office):
    """A load of the register that says who manages client 12."""

    def told(name: str | None, minute: float, page_id: str = "p") -> None:
        pages = [page(page_id, edited=at(minute), client_code="12", client_manager=name)]
        office.load(office.land_pages(pages, read_at=at(minute)))

    return told


def test_history_is_written_in_the_order_of_reading(office, story):
    office.bring([report(status="OPEN")], read_at=at(1))
    office.bring([report(status="IMPEDIMENT")], read_at=at(3))
    office.load(office.land([report(status="DONE")], read_at=at(2)))
    office.bring([report(status="IMPEDIMENT", **{"customer.name": "X"})], read_at=at(4))
    office.bring([report(status="DONE")], read_at=at(5))
    assert story("status", "valid_from", "valid_to") == [
        ("open", at(1), at(3)),
        ("blocked", at(3), at(5)),
        ("done", at(5), None),
    ]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"status": "DONE"}, "status"),
        ({"owner.name": "Bia"}, "owner"),
        ({"_due_date": "2026-12-24"}, "due_date"),
        ({"conclusion_date": "2026-11-24T12:00:00Z"}, "completed_at"),
        ({"company_department.name": "Fiscal"}, "department"),
    ],
)
def test_each_of_these_is_a_change(office, story, change, column):
    office.bring([report()], read_at=at(1))
    office.bring([report(**change)], read_at=at(2))
    before, after = story(column)
    assert before != after


@pytest.mark.parametrize("change", [{"name": "other"}, {"fine": True}, {"customer.name": "X"}, {"value": 3}])
def test_what_does_not_move_a_task_is_none(office, story, change):
    office.bring([report()], read_at=at(1))
    office.bring([report(**change)], read_at=at(2))
    assert story("valid_from", "valid_to") == [(at(1), None)]


def test_a_removal_ends_the_history_and_a_return_opens_it_again(office, story):
    office.bring([report()], read_at=at(1))
    office.bring([], read_at=at(2), scope="lookup", removed=["a"])
    office.bring([report()], read_at=at(3))
    assert story("valid_from", "valid_to") == [(at(1), at(2)), (at(3), None)]


def test_a_task_knows_its_clients_manager_from_the_first(office, story, manager_is):
    manager_is("Ana", 0)
    office.bring([report()], read_at=at(1))
    assert story("client_manager", "valid_from") == [("Ana", at(1))]


def test_a_new_manager_enters_for_the_clients_open_tasks_alone(office, story, manager_is):
    manager_is("Ana", 0)
    rows = [report(), report("done", status="DONE"), report("other", **{"customer.code": "99"})]
    office.bring(rows, read_at=at(1))
    manager_is("Bia", 2)
    assert story("client_manager", "valid_from", "valid_to") == [("Ana", at(1), at(2)), ("Bia", at(2), None)]
    assert story("client_manager", task_id="done") == [("Ana",)]
    assert story("client_manager", task_id="other") == [(None,)]


def test_a_page_that_goes_takes_its_manager_along(office, story, manager_is):
    manager_is("Ana", 0)
    office.bring([report()], read_at=at(1))
    office.bring([], read_at=at(2), system="notion", scope="lookup", removed=[{"id": "p", "scope": "x"}])
    assert story("client_manager") == [("Ana",), (None,)]


def test_a_register_that_was_read_before_the_task_but_arrives_later_is_what_holds_now(office, story, manager_is):
    office.bring([report()], read_at=at(5))
    manager_is("Ana", 2)
    assert story("client_manager", "valid_from", "valid_to") == [("Ana", at(5), None)]


@pytest.mark.parametrize(
    ("reads", "lines"),
    [
        pytest.param((5,), [("Ana", at(5), None)], id="nothing was read since: the line is corrected"),
        pytest.param((5, 7), [(None, at(5), at(7)), ("Ana", at(7), None)], id="from the last read on"),
    ],
)
def test_what_a_late_part_adds_to_the_row_the_line_that_holds_says_too(office, story, reads, lines):
    for minute in reads:
        office.bring([report()], read_at=at(minute))
    office.bring([{"_id": "a", "owner": {"name": "Ana"}}], read_at=at(3), scope="search:open")
    assert story("owner", "valid_from", "valid_to") == lines
    assert office.shown()["a"]["owner"] == "Ana"


def test_a_better_rule_corrects_the_line_that_holds(office, story):
    event = office.land_pages([page("n", source_status="Feito")], read_at=at(1), mapping=TASKS)
    office.load(event)
    better = office.land_pages([page("n", source_status="Feito")], read_at=at(1), mapping={**TASKS, "statuses": {}})
    office.load(better)
    assert story("status", "valid_from", "valid_to", task_id="n") == [("open", at(1), None)]


def test_a_change_that_was_read_before_a_new_manager_but_arrives_later_is_what_holds_now(office, story, manager_is):
    office.bring([report()], read_at=at(1))
    manager_is("Ana", 9)
    office.bring([report(status="IMPEDIMENT")], read_at=at(8))
    assert story("status", "client_manager", "valid_from", "valid_to") == [
        ("open", None, at(1), at(9)),
        ("blocked", "Ana", at(9), None),
    ]


def test_what_was_gone_before_its_client_got_a_new_manager_has_no_line_of_that(office, story, manager_is):
    office.bring([report()], read_at=at(1))
    manager_is("Ana", 9)
    office.bring([], read_at=at(10), scope="lookup", removed=[{"id": "a", "asked_at": iso(at(8))}])
    assert story("valid_from", "valid_to") == [(at(1), at(8))]
    office.bring([report()], read_at=at(8.5))
    assert story("client_manager", "valid_from", "valid_to") == [(None, at(1), at(8)), ("Ana", at(8.5), None)]


def test_what_is_gone_at_the_very_time_at_which_it_was_read_is_open_nowhere(office, story):
    office.bring([report()], read_at=at(1))
    office.bring([report(status="IMPEDIMENT")], read_at=at(2))
    office.bring([], read_at=at(3), scope="lookup", removed=[{"id": "a", "asked_at": iso(at(2))}])
    assert story("status", "valid_from", "valid_to") == [("open", at(1), at(2))]


def test_what_a_person_forces_does_not_unsee_what_was_seen_since(office, story):
    first = office.land([report()], read_at=at(1))
    office.load(first)
    office.bring([], read_at=at(2), scope="lookup", removed=["a"])
    office.bring([report(status="IMPEDIMENT")], read_at=at(3))
    before = story("status", "valid_from", "valid_to")
    office.again(first, force=True)
    assert (office.shown()["a"]["status"], story("status", "valid_from", "valid_to")) == ("open", before)


def test_a_notion_task_has_a_history_too(office, story):
    for minute, word in ((1, "Fazendo"), (2, "Feito")):
        pages = [page("n", edited=at(minute), source_status=word)]
        office.load(office.land_pages(pages, read_at=at(minute), mapping=TASKS, scope="t", data_source_id="t"))
    assert story("source", "status", task_id="n") == [("notion", "in_progress"), ("notion", "done")]


def test_a_formula_that_counts_from_now_is_as_it_was_read_last_and_makes_no_history(office, story):
    source: dict[str, Any] = {"mapping": TASKS, "scope": "t", "data_source_id": "t"}
    seen = []
    for minute in (1, 2):
        counted = {"id": "d", "type": "formula", "formula": {"type": "number", "number": minute}}
        shown = page("n", title="T", source_status="Fazendo", due_date="2026-12-01")
        shown["properties"]["Minutos"] = counted
        office.load(office.land_pages([shown], read_at=at(minute), **source))
        (kept,) = office.rows("SELECT properties #> '{Minutos,formula,number}' AS number FROM operacional.notion_pages")
        assert kept["number"] == minute
        seen.append({k: v for k, v in office.shown()["n"].items() if k not in ("read_at", "loaded_at")})
    assert seen[0] == seen[1]
    assert story("status", "valid_from", "valid_to", task_id="n") == [("in_progress", at(1), None)]


@pytest.mark.parametrize("beside", ["a page that goes", "a page that comes back"])
def test_a_task_that_changes_its_client_and_itself_at_once_is_what_its_page_says(office, story, beside):
    register = [page(f"p{code}", client_code=code, client_manager=name) for code, name in (("12", "Ana"), ("7", "Bia"))]
    office.load(office.land_pages(register, read_at=at(0)))
    source: dict[str, Any] = {"mapping": TASKS, "scope": "t", "data_source_id": "t"}
    other = page("m", source_status="Fazendo")
    office.load(office.land_pages([page("n", client_code="12"), other], read_at=at(1), **source))
    gone = [{"id": "m", "scope": "t"}]
    if beside == "a page that comes back":
        office.load(office.land_pages([], read_at=at(2), removed=gone, **source))
        gone = []
    now_says = page("n", edited=at(3), source_status="Fazendo", client_code="7", owner="Rui", due_date="2026-12-01")
    event = office.land_pages([now_says, *([] if gone else [other])], read_at=at(4), removed=gone, **source)
    office.load(event, data=replace(event.data, read_to=at(5)))  # the last response came a minute later
    assert story("status", "owner", "client_manager", "valid_from", "valid_to", task_id="n") == [
        ("open", None, "Ana", at(1), at(4)),
        ("in_progress", "Rui", "Bia", at(4), None),
    ]


def test_what_is_a_task_no_more_because_its_source_has_another_role_is_open_nowhere(office, story):
    for minute, mapping in ((1, TASKS), (2, CLIENTS)):
        office.load(office.land_pages([page("n")], read_at=at(minute), mapping=mapping, scope="t", data_source_id="t"))
    assert story("valid_from", "valid_to", task_id="n") == [(at(1), at(2))]


@pytest.mark.parametrize("known_first", [True, False], ids=["told after the task was read", "told before"])
def test_a_regenerated_task_names_the_one_it_continues(office, story, known_first):
    office.bring([report("old")], read_at=at(1))
    told = office.land([], read_at=at(4), scope="lookup", removed=["old"], regenerated=[{"old": "old", "new": "a"}])
    read = office.land([report()], read_at=at(3))
    for event in (read, told) if known_first else (told, read):
        office.load(event)
    office.again(told)
    office.bring([report(status="DONE")], read_at=at(5))
    assert story("status", "continues") == [("open", "old"), ("done", None)]
    assert story("continues", task_id="old") == [(None,)]


def test_a_removal_lets_a_load_of_the_register_end_before_it_touches_a_line_that_it_writes(office, story, eventually):
    office.bring([report()], read_at=at(1))
    removal = office.land([], read_at=at(3), scope="lookup", removed=["a"])
    waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor() as transformers, office.engine.begin() as register:
        take_turn(register, "history")
        loaded = transformers.submit(office.load, removal)
        eventually(lambda: office.rows(waits))
        register.execute(text("UPDATE operacional.task_history SET valid_to = :now"), {"now": at(2)})
        line = "INSERT INTO operacional.task_history (source, task_id, valid_from) VALUES ('gestta', 'a', :now)"
        register.execute(text(line), {"now": at(2)})
    assert loaded.result().removed == 1
    assert story("valid_from", "valid_to") == [(at(1), at(2)), (at(2), at(3))]


def test_lead_time_reopening_and_moving_follow_from_it(office):
    office.bring([report(_due_date="2026-11-26")], read_at=at(0))
    office.bring([report(_due_date="2026-11-28")], read_at=at(60))
    office.bring([report(_due_date="2026-11-28", status="DONE", conclusion_date=iso(at(120)))], read_at=at(125))
    office.bring([report(_due_date="2026-11-28")], read_at=at(180))
    (derived,) = office.rows(
        "SELECT min(completed_at) - min(valid_from) AS lead,"
        " count(*) FILTER (WHERE due_date <> former.due) AS moved,"
        " count(*) FILTER (WHERE status = 'open' AND former.status_then = 'done') AS reopened"
        " FROM (SELECT *, lag(due_date) OVER s AS due, lag(status) OVER s AS status_then FROM bi.task_history"
        " WINDOW s AS (PARTITION BY task_id ORDER BY valid_from)) former"
    )
    assert derived == {"lead": timedelta(hours=2), "moved": 1, "reopened": 1}


@pytest.fixture
def noon():
    return now().replace(hour=15, minute=0, second=0, microsecond=0)


@pytest.fixture
def backlog(office):
    """Open, overdue and done of each day, by days before today."""

    def counts(department: str | None = None) -> dict[int, tuple[int, int, int]]:
        today = now().astimezone(SAO_PAULO).date()
        return {
            (today - row["day"]).days: (row["open"], row["overdue"], row["done"])
            for row in office.rows("SELECT * FROM bi.backlog_by_day")
            if row["department"] == department
        }

    return counts


def day(offset: int) -> str:
    return f"{now().astimezone(SAO_PAULO).date() + timedelta(days=offset)}T03:00:00.000Z"


def test_the_backlog_counts_what_was_open_at_the_end_of_each_day(office, backlog, noon):
    late = {"_due_date": day(-9)}
    office.bring([report(**late), report("b")], read_at=noon - timedelta(days=3))
    done = report(status="DONE", conclusion_date=iso(noon - timedelta(days=1)), **late)
    office.bring([done, report("b")], read_at=noon - timedelta(days=1))
    found = backlog()
    assert (found[3], found[2], found[1]) == ((2, 1, 0), (2, 1, 0), (1, 0, 1))


def test_a_task_is_overdue_from_the_day_after_its_deadline_until_it_moves(office, backlog, noon):
    office.bring([report(_due_date=day(-4))], read_at=noon - timedelta(days=5))
    office.bring([report(_due_date=day(5))], read_at=noon - timedelta(days=1))
    assert {n: counts[1] for n, counts in backlog().items() if n > 0} == {5: 0, 4: 0, 3: 1, 2: 1, 1: 0}


def test_a_task_that_changes_department_leaves_one_backlog_and_enters_the_other(office, backlog, noon):
    office.bring([report(**{"company_department.name": "Fiscal"})], read_at=noon - timedelta(days=3))
    office.bring([report(**{"company_department.name": "Pessoal"})], read_at=noon - timedelta(days=1))
    assert (backlog("Fiscal")[2][0], backlog("Fiscal")[1][0]) == (1, 0)
    assert (backlog("Pessoal")[2][0], backlog("Pessoal")[1][0]) == (0, 1)


def test_a_removed_task_leaves_the_backlog(office, backlog, noon):
    office.bring([report()], read_at=noon - timedelta(days=3))
    office.bring([], read_at=noon - timedelta(days=1), scope="lookup", removed=["a"])
    assert (backlog()[2][0], backlog()[1][0]) == (1, 0)


def test_the_backlog_reaches_ninety_days_back_whatever_is_older(office, backlog, noon):
    office.bring([report(_due_date=day(-300))], read_at=noon - timedelta(days=200), scope=BLOCK)
    found = backlog()
    assert (max(found), set(found.values())) == (90, {(1, 1, 0)})


def test_two_changes_on_one_day_count_once(office, backlog, noon):
    for minutes, status in ((0, "OPEN"), (5, "IMPEDIMENT"), (9, "OPEN")):
        office.bring([report(status=status)], read_at=noon - timedelta(days=2) + timedelta(minutes=minutes))
    assert backlog()[2][0] == 1


DONE = {"status": "DONE"}
OTHER_DEPARTMENT = {"company_department.name": "Fiscal"}


@pytest.mark.parametrize(
    ("reads", "done_on"),
    [
        pytest.param([(-4, {}), (-3, DONE), (-1, {})], {3: 1}, id="opened again on a later day"),
        pytest.param([(-4, {}), (-3, DONE), (-1, None)], {3: 1}, id="removed on a later day"),
        pytest.param([(-4, {}), (-3, DONE), (-2, {}), (-1, DONE)], {3: 1, 1: 1}, id="done twice, on two days"),
        pytest.param([(-3, DONE), (-2.99, {})], {}, id="opened again on the same day"),
        pytest.param([(-3, DONE), (-2.99, {}), (-2.98, DONE)], {3: 1}, id="done again on the same day"),
        pytest.param([(-3, DONE), (-2.99, {}), (-2.98, DONE), (-1, {})], {3: 1}, id="and opened again later"),
        pytest.param([(-3, DONE), (-1, DONE | {"days": -3, "owner.name": "Rui"})], {3: 1}, id="of another person"),
        pytest.param([(-3, DONE), (-1, DONE | {"days": -2})], {2: 1}, id="the source corrects when it was done"),
        pytest.param([(-3, DONE), (-2, {}), (-1, DONE | {"days": -3})], {3: 1}, id="back with the former conclusion"),
        pytest.param([(-3, DONE), (-2, None), (-1, DONE | {"days": -3})], {3: 1}, id="removed and back"),
    ],
)
def test_a_past_day_keeps_what_was_done_on_it(office, backlog, noon, reads, done_on):
    office.bring([report("b")], read_at=noon - timedelta(days=5))
    for days, row in reads:
        read_at = noon + timedelta(days=days)
        if row is None:
            office.bring([], read_at=read_at, scope="lookup", removed=["a"])
            continue
        concluded = {"conclusion_date": iso(noon + timedelta(days=row.get("days", days)))} if row else {}
        said = {key: value for key, value in row.items() if key != "days"}
        office.bring([report(**said, **concluded)], read_at=read_at)
    assert {n: counts[2] for n, counts in backlog().items() if counts[2]} == done_on


def test_what_was_done_counts_in_the_department_it_is_in_now(office, backlog, noon):
    done = DONE | {"conclusion_date": iso(noon - timedelta(days=3))}
    office.bring([report(**done)], read_at=noon - timedelta(days=3))
    office.bring([report(**done, **OTHER_DEPARTMENT)], read_at=noon - timedelta(days=1))
    assert sum(counts[2] for counts in backlog().values()) == 0
    assert backlog("Fiscal")[3][2] == 1
