"""What a person orders of the world's tasks: change, move, delete, bring back, erase a month and generate it anew."""

from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.world.calendar import local_date
from simulators.world.events import erase_month, generate_anew
from simulators.world.model import DONE, NOBODY, Task, client_key
from simulators.world.world import World


class Selection(BaseModel):
    """Which tasks: by id, or the first `count` (by due date) that fit all the rest; something must be named."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(default_factory=list)
    client_code: str | int | None = None
    status: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    count: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def names_something(self) -> Self:
        named = (self.ids, self.client_code, self.status, self.due_from, self.due_to, self.count)
        if all(value in (None, []) for value in named):
            raise ValueError("which tasks? ids, client_code, status, due_from, due_to, count")
        return self

    def of(self, world: World) -> list[Task]:
        """Hold the world's lock. Ids that do not exist are left out."""
        if self.ids:
            found = [world.tasks[task_id] for task_id in self.ids if task_id in world.tasks]
        else:
            key = client_key(self.client_code)
            found = [
                task
                for task in world.due_between(self.due_from or date.min, self.due_to or date.max)
                if (self.status is None or task.status == self.status)
                and (key is None or client_key(world.clients[task.client].code) == key)
            ]
        return found if self.count is None else found[: self.count]


class Values(BaseModel):
    """What of a task is changed: whatever is named. `owner` is a name, or null for nobody; a status may be any text."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    status: str = ""
    type: str = ""
    subtype: str = ""
    due: date = date.min
    legal: date | None = None
    competence: date | None = None
    owner: str | None = None
    value: float | None = None

    def fields(self, world: World, task: Task, now: datetime) -> dict[str, Any]:
        found = self.model_dump(exclude_unset=True)
        if "owner" in found:
            found["owner"] = _person(world, found["owner"])
        if found.get("status", task.status) != DONE:
            found |= {"concluded": 0, "concluded_by": NOBODY}
        elif task.status != DONE:
            by = found.get("owner", task.owner)
            found |= {"concluded": int(now.timestamp()), "concluded_by": by if by != NOBODY else 0}
        return found


class Change(Selection):
    """`days` moves their due date, forward or back; `set` changes values."""

    set: Values = Field(default_factory=Values)
    days: int = 0


def _person(world: World, name: str | None) -> int:
    if name is None:
        return NOBODY
    for index, person in enumerate(world.people):
        if person.name == name:
            return index
    raise ValueError(f"nobody is called {name}")


def change(world: World, order: Change, now: datetime) -> list[Task]:
    changed = []
    for task in order.of(world):
        other = task._replace(**order.set.fields(world, task, now))
        other = other._replace(due=other.due + timedelta(days=order.days))
        world.put(other)
        changed.append(other)
    return changed


def delete(world: World, order: Selection) -> list[Task]:
    """No tombstone is left; `restore` brings them back."""
    gone = [world.drop(task.id) for task in order.of(world)]
    world.deleted.update((task.id, task) for task in gone)
    return gone


def restore(world: World, ids: list[str]) -> list[Task]:
    """The same tasks under their old ids."""
    back = [world.deleted.pop(task_id) for task_id in ids if task_id in world.deleted]
    for task in back:
        world.put(task)
    return back


class Erasure(BaseModel):
    """A client's untouched generated tasks of a month of due date; by default of the next task that suits.

    `regenerate`: generated anew at once. `hold`: the month stays empty until somebody orders otherwise; without it the
    world's own pace may generate it anew as well.
    """

    model_config = ConfigDict(extra="forbid")

    client_code: str | int | None = None
    month: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")
    regenerate: bool = False
    hold: bool = False

    def of(self, world: World, now: datetime) -> tuple[int, date] | None:
        key = client_key(self.client_code)
        month = date.fromisoformat(f"{self.month}-01") if self.month else None
        for task in world.by_due():
            if task.type != "RECURRENT" or task.status != "OPEN":
                continue
            if month is None and task.due < local_date(now):
                continue
            if key is not None and client_key(world.clients[task.client].code) != key:
                continue
            if month is None or task.due.replace(day=1) == month:
                return task.client, task.due.replace(day=1)
        return None


def erase(world: World, order: Erasure, now: datetime) -> dict[str, Any] | None:
    """What was erased and what was generated; None where nothing suits."""
    victim = order.of(world, now)
    if victim is None:
        return None
    client, month = victim
    gone = erase_month(world, client, month)
    anew: list[Task] = []
    if order.regenerate:
        anew = generate_anew(world, gone, now)
    elif order.hold:
        world.held.append(gone)
    else:
        world.erased.append(gone)
    return {
        "client_code": world.clients[client].code,
        "month": f"{month:%Y-%m}",
        "erased": [task.id for task in gone],
        "generated": [task.id for task in anew],
    }


def regenerate(world: World, now: datetime) -> list[Task]:
    """Everything that was erased, oldest first."""
    anew: list[Task] = []
    waiting = [*world.erased, *world.held]
    world.erased.clear()
    world.held.clear()
    for gone in waiting:
        anew += generate_anew(world, gone, now)
    return anew
