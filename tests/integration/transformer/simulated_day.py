"""A working day of the simulated office: raw batches in the order of their reading, landed as the extractors do."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from simulators.gestta.rows import Writer
from simulators.notion.render import Renderer, View
from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace
from simulators.office import CODE, MANAGER, SINCE, STATE, TRADE_NAME, Register
from simulators.world.events import advance, erase_month, generate_anew
from simulators.world.model import LIVE, OPEN, Task
from simulators.world.world import World
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, NOW, Office

HALVES = ("report:2026-10-01/2026-11-15", "report:2026-11-16/2026-12-31")
SEARCH = "search:open"
HOURS = 11
MASS = 120
EVERY = timedelta(hours=1)
REGISTER_FIELDS = {
    "client_code": CODE, "trade_name": TRADE_NAME, "client_since": SINCE, "client_state": STATE,
    "client_manager": MANAGER,
}  # fmt: skip
TEAM_FIELDS = {"title": "Tarefa", "source_status": "Situação", "due_date": "Prazo", "client_code": "Código"}
WORDS = {"A fazer": "open", "Fazendo": "in_progress", "Feito": "done"}


@dataclass(slots=True)
class Day:
    """`read` holds the facts of the day's batches in the order of reading, after `live`."""

    office: Office
    world: World = field(init=False)
    workspace: Workspace = field(init=False)
    register: Register = field(init=False)
    now: datetime = NOW - timedelta(hours=3)
    read: list[Envelope[RawDataReady]] = field(default_factory=list)
    decided_after: int = 0
    """How many batches were there when a person approved the mass removal."""
    _seen: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)
    _pairs: list[dict[str, str]] = field(default_factory=list)
    _rng: Random = field(default_factory=lambda: Random(11))
    _team: str = ""
    _trashed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.world = World(seed=5, tasks_per_quarter=260, clients=25, people=6, now=self.now)
        self.workspace = Workspace(5, lambda: self.now)
        self.register = Register(self.workspace, self.world, self.now)
        self.world.mirror = self.register
        columns = {"Tarefa": "title", "Situação": {"select": list(WORDS)}, "Prazo": "date", "Código": "rich_text"}
        self._team = self.workspace.create_database("Equipe", columns).data_source_ids[0]
        for number in range(12):
            self._new_team_task(number)

    def live(self) -> None:
        """Eleven hours in which everything happens that the guarantees speak of."""
        erased: list[Task] = []
        lost: list[Task] = []
        for hour in range(HOURS):
            self.now += EVERY
            advance(self.world, 12, self.now)
            advance(self.world, 1, self.now, "change_manager")
            self._team_works()
            match hour:
                case 2:
                    self._move_to_the_next_block(4)
                case 4:
                    erased = self._a_clients_month_goes()
                case 5:
                    advance(self.world, 1, self.now, "trash_page")
                case 6:
                    anew = generate_anew(self.world, erased, self.now)
                    self._pairs = [{"old": a.id, "new": b.id} for a, b in zip(erased, anew, strict=True)]
                    lost = self._much_goes_at_once()
                case 8:
                    advance(self.world, 1, self.now, "restore_page")
                    self._comes_back(lost[:10])
                case 9:
                    self._comes_back(lost[10:20])
            self._gestta_is_read(hour)
            if hour % 2 == 0:
                self._notion_is_read()
            if hour == 8:
                self.decided_after = len(self.read)

    # What happens.

    def _move_to_the_next_block(self, count: int) -> None:
        for task in [t for t in self._due_in(BLOCK) if t.status == OPEN][:count]:
            self.world.put(task._replace(due=date(2027, 1, 20)))

    def _a_clients_month_goes(self) -> list[Task]:
        month = date(2026, 12, 1)
        untouched = Counter(
            task.client
            for task in self.world.due_between(month, date(2026, 12, 31))
            if task.type == "RECURRENT" and task.status == OPEN
        )
        return erase_month(self.world, untouched.most_common(1)[0][0], month)

    def _much_goes_at_once(self) -> list[Task]:
        return [self.world.drop(task.id) for task in self._due_in(BLOCK)[:MASS]]

    def _comes_back(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self.world.put(task)

    def _new_team_task(self, number: int) -> None:
        given = {"Tarefa": f"Ligar {number}", "Situação": "A fazer", "Prazo": date(2026, 11, 20), "Código": f"{number}"}
        self.workspace.create_page(self._team, given)

    def _team_works(self) -> None:
        for page in self._rng.sample(self.workspace.pages(self._team), 3):
            self.workspace.update_page(page.id, {"Situação": self._rng.choice(list(WORDS))})

    # What is read of it.

    def _gestta_is_read(self, hour: int) -> None:
        blocks = [*(HALVES if hour in (3, 4, 5) else (BLOCK,)), *([NEXT_BLOCK] if hour < 8 else [])]
        scopes = [*blocks, SEARCH]
        if hour == 5:
            blocks.remove(NEXT_BLOCK)  # its read failed
        held = 0
        for scope in blocks:
            tasks = self._due_in(scope)
            held = max(held, len(tasks))
            self._land_tasks(scope, tasks, [json.loads(self._writer.flat(task)) for task in tasks], scopes)
        open_tasks = [task for task in self.world.by_due() if task.status in LIVE and task.due <= date(2026, 12, 31)]
        self._land_tasks(SEARCH, open_tasks, [self._writer.nested(task, "mixed") for task in open_tasks], scopes)
        self._ask_for_what_vanished(held, scopes)

    def _ask_for_what_vanished(self, held: int, scopes: Collection[str]) -> None:
        missing = sorted(self._seen - self.world.tasks.keys())
        gone = [{"id": i, "lacked": len(missing), "held": held} for i in missing if i in self._missed]
        there = self._rng.sample(sorted(self._seen & self.world.tasks.keys()), 5)
        found = [self.world.tasks[i] for i in there]
        rows = [self._writer.whole(task) for task in found]
        self._land_tasks("lookup", found, rows, scopes, removed=gone, regenerated=self._pairs)
        self._missed = set(missing)
        self._seen -= {one["id"] for one in gone}
        self._pairs = []

    def _land_tasks(
        self, scope: str, tasks: Iterable[Task], rows: list[dict[str, Any]], scopes: Collection[str], **extra: Any
    ) -> None:
        self._seen |= {task.id for task in tasks}
        self.read.append(
            self.office.land(rows, read_at=self._at(), scope=scope, plan=[(one, EVERY) for one in scopes], **extra)
        )

    def _notion_is_read(self) -> None:
        clients = self._clients
        for source, role, fields, words in (
            (clients, "clients", REGISTER_FIELDS, {}),
            (self._team, "tasks", TEAM_FIELDS, WORDS),
        ):
            columns = self.workspace.data_sources[source].properties
            feeds = {field: {"id": columns[name].id, "name": name} for field, name in fields.items()}
            mapping = {"role": role, "fields": feeds, "statuses": words}
            pages = [self._shown(page.id) for page in self.workspace.pages(source)]
            how = {"mapping": mapping, "scope": source, "data_source_id": source, "related": self._titles}
            self.read.append(self.office.land_pages(pages, read_at=self._at(), plan=self._notion_plan, **how))
        trashed = {page.id for page in self.workspace.all_pages.values() if page.in_trash}
        removed = [{"id": page_id, "scope": clients} for page_id in sorted(trashed - self._trashed)]
        self._trashed = trashed
        self.read.append(
            self.office.land([], read_at=self._at(), system="notion", scope="lookup", removed=removed,
                             plan=self._notion_plan)
        )  # fmt: skip

    @property
    def _clients(self) -> str:
        return self.workspace.databases[self.register.clients_database_id].data_source_ids[0]

    @property
    def _titles(self) -> dict[str, str]:
        people = self.workspace.databases[self.register.people_database_id].data_source_ids[0]
        shown = {page.id: self._shown(page.id)["properties"]["Nome"]["title"] for page in self.workspace.pages(people)}
        return {page_id: title[0]["plain_text"] for page_id, title in shown.items()}

    @property
    def _notion_plan(self) -> list[tuple[str, timedelta]]:
        return [(self._clients, EVERY), (self._team, EVERY)]

    def _shown(self, page_id: str) -> Mapping[str, Any]:
        view = View("2026-03-11", None, NotionSettings())
        return Renderer(self.workspace).page(self.workspace.all_pages[page_id], view)

    @property
    def _writer(self) -> Writer:
        return Writer(self.world.clients, self.world.people, self.now)

    def _due_in(self, scope: str) -> list[Task]:
        first, last = map(date.fromisoformat, scope.removeprefix("report:").split("/"))
        return self.world.due_between(first, last)

    def _at(self) -> datetime:
        self.now += timedelta(seconds=70)
        return self.now
