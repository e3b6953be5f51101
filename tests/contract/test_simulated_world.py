"""The invented office: its numbers, its calendar, what happens in it, and that it is told truly."""

import html
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from simulators.serve import Running, start
from simulators.settings import on_free_ports
from simulators.world import names, truth
from simulators.world.calendar import is_business_day, midnight
from simulators.world.documents import cnpj, cpf
from simulators.world.events import EVENTS, advance, erase_month, generate_anew
from simulators.world.model import Entry, client_key
from simulators.world.obligations import MONTHLY, YEARLY
from simulators.world.world import World

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = NOW.date()


def an_office(seed: int = 7, per_quarter: int = 900, clients: int = 80) -> World:
    return World(seed=seed, tasks_per_quarter=per_quarter, clients=clients, people=20, now=NOW)


@pytest.fixture
def world() -> World:
    return an_office()


@pytest.fixture
def running() -> Iterator[Running]:
    settings = on_free_ports(tasks_per_quarter=300, clients=60, people=15)
    with start(settings, lambda: NOW) as found:
        yield found


@pytest.mark.parametrize(
    ("root", "whole"),
    [
        pytest.param("11222333", "11222333000181", id="digits"),
        pytest.param("00000000", "00000000000191", id="leading zeros"),
    ],
)
def test_a_cnpj_has_valid_check_digits(root, whole):
    assert cnpj(root) == whole


def test_a_cnpj_with_letters_has_the_check_digits_of_the_revenue_services_example():
    assert cnpj("12ABC345", "01DE") == "12ABC34501DE35"


def test_a_cpf_has_valid_check_digits():
    assert cpf("111444777") == "11144477735"


@pytest.mark.parametrize(
    ("name", "period", "deadline"),
    [
        pytest.param("PGDAS-D e DAS", date(2026, 8, 1), date(2026, 9, 21), id="a Sunday moves later"),
        pytest.param("FGTS Digital", date(2026, 8, 1), date(2026, 9, 18), id="a Sunday moves earlier"),
        pytest.param("PGDAS-D e DAS", date(2026, 10, 1), date(2026, 11, 23), id="a holiday before a weekend"),
        pytest.param("Folha de pagamento", date(2025, 12, 1), date(2026, 1, 8), id="the fifth business day"),
        pytest.param("DCTFWeb e MIT", date(2026, 9, 1), date(2026, 10, 30), id="the month's last business day"),
        pytest.param("ECD", date(2025, 12, 1), date(2026, 6, 30), id="once a year"),
    ],
)
def test_deadlines_follow_the_brazilian_calendar(name, period, deadline):
    obligation = next(obligation for obligation in (*MONTHLY, *YEARLY) if obligation.name == name)

    assert obligation.deadline.of(period) == deadline


def test_every_deadline_of_the_first_moment_is_a_business_day(world):
    assert all(is_business_day(task.due) for task in world.tasks.values())
    assert all(task.legal is None or is_business_day(task.legal) for task in world.tasks.values())


@pytest.mark.parametrize("per_quarter", [120, 900, 6000])
def test_a_quarter_holds_about_as_many_tasks_as_asked_for(per_quarter):
    world = an_office(per_quarter=per_quarter)
    quarters = Counter((task.due.year, (task.due.month + 2) // 3) for task in world.tasks.values())

    for quarter in (1, 2, 3, 4):
        assert quarters[(2026, quarter)] == pytest.approx(per_quarter, rel=0.2)
    assert 0 < quarters[(2027, 2)] < quarters[(2027, 1)] < per_quarter


def test_one_seed_makes_one_world_and_another_seed_another():
    first, second, other = an_office(), an_office(), an_office(seed=8)
    for world in (first, second):
        advance(world, 200, NOW)

    assert truth.gestta(first) == truth.gestta(second)
    assert first.register == second.register
    assert set(other.tasks).isdisjoint(first.tasks)


@pytest.mark.parametrize("kind", EVENTS)
def test_each_kind_of_event_changes_what_is_true(world, kind):
    advance(world, 1, NOW, "trash_page")
    world.erased.append(erase_month(world, *_victim(world)))
    before = (truth.gestta(world), dict(world.register))
    happened = advance(world, 3, NOW, kind)

    assert kind in happened
    assert (truth.gestta(world), dict(world.register)) != before


def _victim(world: World) -> tuple[int, date]:
    task = next(
        task for task in world.due_between(TODAY, date.max) if task.type == "RECURRENT" and task.status == "OPEN"
    )
    return task.client, task.due.replace(day=1)


def test_a_month_generated_anew_has_the_same_tasks_under_new_ids(world):
    client, month = _victim(world)
    gone = erase_month(world, client, month)
    assert not {task.id for task in gone} & world.tasks.keys()
    anew = generate_anew(world, gone, NOW)

    assert [(task.title, task.due, task.client) for task in anew] == [(t.title, t.due, t.client) for t in gone]
    assert not {task.id for task in anew} & {task.id for task in gone}


def test_a_month_erased_leaves_what_people_have_touched(world):
    client, month = _victim(world)
    before = {task.id for task in world.tasks.values() if task.client == client and task.due >= month}
    gone = {task.id for task in erase_month(world, client, month)}

    assert gone < before
    assert all(world.tasks[task_id].status != "OPEN" or world.tasks[task_id].type != "RECURRENT"
               for task_id in before - gone if world.tasks[task_id].due.replace(day=1) == month)  # fmt: skip


def test_some_deadlines_move_into_another_quarter(world):
    before = {task.id: (task.due.year, (task.due.month + 2) // 3) for task in world.tasks.values()}
    advance(world, 60, NOW, "move")
    after = {task.id: (task.due.year, (task.due.month + 2) // 3) for task in world.tasks.values()}

    assert before.keys() == after.keys()
    assert sum(before[task_id] != after[task_id] for task_id in before) > 3


def test_no_task_was_done_or_made_after_now(world):
    now = NOW.timestamp()

    assert all(task.concluded <= now and task.created <= now for task in world.tasks.values())
    assert all(task.concluded >= task.created for task in world.tasks.values() if task.status == "DONE")


def test_the_index_by_day_follows_every_change(world):
    advance(world, 800, NOW)

    assert sorted(task.id for task in world.by_due()) == sorted(world.tasks)
    assert all(world.due_between(task.due, task.due).count(task) == 1 for task in list(world.tasks.values())[::50])


@pytest.mark.parametrize(
    ("code", "key"),
    [("0012", "12"), (12, "12"), (" 0012 ", "12"), ("A007", "A007"), ("0A7", "A7"), (None, None), ("000", None)],
    ids=repr,
)
def test_codes_are_joined_without_zeros_and_blanks(code, key):
    assert client_key(code) == key


def test_the_register_has_a_few_gaps_strays_and_one_code_twice(world):
    codes = Counter(client_key(entry.code) for entry in world.register.values())
    known = {client_key(client.code) for client in world.clients}

    assert [count for count in codes.values() if count > 1] == [2]
    assert len(codes.keys() - known) == 3
    assert 1 <= len(known - codes.keys()) <= 10


def test_the_panel_takes_the_newer_of_two_pages_and_none_that_is_trashed(world):
    doubled = sorted(world.doubled)
    code = client_key(world.register[doubled[0]].code)
    row = next(row for row in truth.panel(world, date.min, date.max) if row["client_key"] == code)
    assert row["client_trade_name"] == "Cadastro em Dobro (mais novo)"

    trashed = next(entry for entry in world.register.values() if entry.key not in world.doubled)
    world.keep(Entry(trashed.key, trashed.code, trashed.trade_name, None, None, None, trashed=True), NOW)
    rows = [row for row in truth.panel(world, date.min, date.max) if row["client_key"] == client_key(trashed.code)]
    assert {row["client_trade_name"] for row in rows} <= {None}


def test_the_notion_register_says_what_the_world_says_after_many_events(running):
    advance(running.world, 400, NOW)
    for kind in ("trash_page", "restore_page", "client_comes", "change_manager"):
        advance(running.world, 3, NOW, kind)
    pages = _all_pages(running)
    told = Counter((_text(page, "Código Domínio"), _text(page, "Nome Fantasia"), _state(page)) for page in pages)
    true = Counter(
        (entry.code, entry.trade_name, entry.state) for entry in running.world.register.values() if not entry.trashed
    )

    assert told == true


def test_one_seed_gives_the_register_one_address(running):
    """A demo's configuration can name the database before the simulators start."""
    settings = running.settings.model_copy(update={"clients": 12, "people": 9, "tasks_per_quarter": 30})
    with start(settings) as other:
        assert other.register.clients_database_id == running.register.clients_database_id


def test_each_page_is_related_to_its_manager(running):
    page = next(page for page in _all_pages(running) if page["properties"]["Gestão de Clientes"]["relation"])
    person = _notion(running, "GET", f"/v1/pages/{page['properties']['Gestão de Clientes']['relation'][0]['id']}")
    entry = next(e for e in running.world.register.values() if e.code == _text(page, "Código Domínio"))

    assert "".join(part["plain_text"] for part in person["properties"]["Nome"]["title"]) == entry.manager


def _notion(running: Running, method: str, path: str, body: dict | None = None) -> dict:
    headers = {"Authorization": "Bearer ntn_simulated", "Notion-Version": "2022-06-28"}
    answer = requests.request(method, running.urls["notion"] + path, json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    found: dict = answer.json()
    return found


def _all_pages(running: Running) -> list[dict]:
    pages: list[dict] = []
    body: dict = {"page_size": 100}
    while True:
        answer = _notion(running, "POST", f"/v1/databases/{running.register.clients_database_id}/query", body)
        pages += answer["results"]
        if not answer["has_more"]:
            return pages
        body["start_cursor"] = answer["next_cursor"]


def _text(page: dict, name: str) -> str:
    value = page["properties"][name]
    return "".join(part["plain_text"] for part in value[value["type"]])


def _state(page: dict) -> str | None:
    chosen = page["properties"]["Estado"]["select"]
    return chosen["name"] if chosen else None


def test_the_truth_is_what_gestta_serves(running):
    advance(running.world, 200, NOW)
    token = running.gestta.tokens.issue().token
    control, gestta = running.urls["control"], running.urls["gestta"]
    served: dict[str, tuple] = {}
    for year in (2025, 2026, 2027):
        for first, last in (("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31")):
            dates = {"startDate": f"{year}-{first}T00:00:00-03:00", "endDate": f"{year}-{last}T23:59:59-03:00"}
            answer = requests.post(
                f"{gestta}/core/customer/task/report",
                json={"dates": dates},
                headers={"Authorization": f"JWT {token}"},
                timeout=10,
            )
            rows = answer.json() if answer.status_code == 200 else []
            served |= {row["id"]: (html.unescape(row["name"]), row["status"], row.get("owner.name")) for row in rows}
    rows = requests.get(f"{control}/truth/panel", timeout=10).json()["rows"]
    tasks = requests.get(f"{control}/truth/gestta?from=2025-01-01&to=2027-12-31", timeout=10).json()["tasks"]

    assert served == {task_id: (t["title"], t["status"], t["owner"]) for task_id, t in tasks.items()}
    assert {row["task_id"]: row["source_status"] for row in rows} == {
        task_id: status for task_id, (_, status, _) in served.items()
    }


def test_brazilian_midnight_is_three_in_utc():
    assert midnight(date(2026, 1, 15)).astimezone(UTC) == datetime(2026, 1, 15, 3, tzinfo=UTC)
    assert midnight(date(2026, 1, 15)).utcoffset() == timedelta(hours=-3)


def test_a_trade_name_is_a_whole_name_and_no_beginning_of_one(world):
    companies = {names.trade_name(index) for index in range(len(world.clients))}
    people = {names.person(index) for index in range(264)}
    strays = ("Página sem Cliente", "Cadastro em Dobro")
    assert companies & {entry.trade_name for entry in world.register.values()}
    for entry in world.register.values():
        assert entry.trade_name in companies | people or entry.trade_name.startswith(strays)
