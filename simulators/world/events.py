"""What happens in an office: each event is one function of the world and the time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from simulators.world.calendar import DAY, last_day, local_date, on_or_after, on_or_before
from simulators.world.generate import STATES, Generator, make_client, make_entry, new_id
from simulators.world.model import DISCONSIDERED, DONE, IMPEDIMENT, NOBODY, OPEN, Entry, Task
from simulators.world.obligations import MONTHLY
from simulators.world.world import World

Event = Callable[[World, datetime], bool]
"""Does one thing to the world; False when nothing in it suits."""


def _any_task(world: World, now: datetime, *statuses: str, days: tuple[int, int] = (-20, 40)) -> Task | None:
    """A task with one of these statuses, due around today."""
    today = local_date(now)
    for _ in range(12):
        day = on_or_before(today + world.rng.randrange(*days) * DAY)
        found = [task for task in world.due_between(day, day) if task.status in statuses]
        if found:
            return world.rng.choice(found)
    found = [task for task in world.by_due() if task.status in statuses]
    return world.rng.choice(found) if found else None


def finish(world: World, now: datetime) -> bool:
    task = _any_task(world, now, OPEN)
    if task is None:
        return False
    by = task.owner if task.owner != NOBODY else world.rng.randrange(len(world.people))
    world.put(task._replace(status=DONE, concluded=int(now.timestamp()), concluded_by=by))
    return True


def reopen(world: World, now: datetime) -> bool:
    task = _any_task(world, now, DONE, IMPEDIMENT)
    if task is None:
        return False
    world.put(task._replace(status=OPEN, concluded=0, concluded_by=NOBODY))
    return True


def block(world: World, now: datetime) -> bool:
    task = _any_task(world, now, OPEN)
    if task is None:
        return False
    world.put(task._replace(status=IMPEDIMENT))
    return True


def set_aside(world: World, now: datetime) -> bool:
    task = _any_task(world, now, OPEN, IMPEDIMENT)
    if task is None:
        return False
    world.put(task._replace(status=DISCONSIDERED))
    return True


def hand_over(world: World, now: datetime) -> bool:
    task = _any_task(world, now, OPEN, IMPEDIMENT)
    if task is None:
        return False
    others = [
        index
        for index, person in enumerate(world.people)
        if person.department == task.department and index != task.owner
    ]
    world.put(task._replace(owner=world.rng.choice(others or [NOBODY])))
    return True


def open_order(world: World, now: datetime) -> bool:
    generator = Generator(world.rng, world.clients, world.people, now)
    due = on_or_after(local_date(now) + world.rng.randrange(1, 25) * DAY)
    world.put(generator.order(world.rng.randrange(len(world.clients)), due, fresh=True))
    return True


def move(world: World, now: datetime) -> bool:
    """The office's deadline moves by some days, one time in four into another quarter."""
    task = _any_task(world, now, OPEN, IMPEDIMENT)
    if task is None:
        return False
    days = world.rng.choice((-95, 95, 120)) if world.rng.random() < 0.25 else world.rng.randrange(-6, 15)
    world.put(task._replace(due=on_or_after(task.due + (days or 1) * DAY)))
    return True


def make_late(world: World, now: datetime) -> bool:
    """Brings an open task's deadline forward to the last working day."""
    task = _any_task(world, now, OPEN, days=(0, 20))
    if task is None:
        return False
    world.put(task._replace(due=on_or_before(local_date(now) - DAY)))
    return True


def delete(world: World, now: datetime) -> bool:
    task = _any_task(world, now, OPEN, DISCONSIDERED)
    if task is None:
        return False
    world.drop(task.id)
    return True


def erase_month(world: World, client: int, month: date) -> list[Task]:
    """Deletes a client's untouched generated tasks due in the month; what `generate_anew` needs to make them again."""
    gone = [
        task
        for task in world.due_between(month, last_day(month))
        if task.client == client and task.type == "RECURRENT" and task.status == OPEN
    ]
    for task in gone:
        world.drop(task.id)
    return gone


def generate_anew(world: World, gone: list[Task], now: datetime) -> list[Task]:
    """The same names, clients and due dates under new ids."""
    created = int(now.timestamp())
    anew = [task._replace(id=new_id(world.rng, created), created=created) for task in gone]
    for task in anew:
        world.put(task)
    return anew


def erase(world: World, now: datetime) -> bool:
    """A client's month goes, and comes back by a later `regenerate`."""
    task = _any_task(world, now, OPEN, days=(0, 60))
    if task is None or task.type != "RECURRENT" or len(world.erased) > 3:
        return False
    world.erased.append(erase_month(world, task.client, task.due.replace(day=1)))
    return True


def regenerate(world: World, now: datetime) -> bool:
    if not world.erased:
        return False
    generate_anew(world, world.erased.popleft(), now)
    return True


def client_comes(world: World, now: datetime) -> bool:
    """A new client with its first month's tasks and its page in the register."""
    index, rng = len(world.clients), world.rng
    client = replace(make_client(rng, index, int(now.timestamp())), active=True)
    world.clients = (*world.clients, client)
    generator = Generator(rng, world.clients, world.people, now)
    period = local_date(now).replace(day=1)
    for obligation in MONTHLY:
        if client.regime in obligation.regimes:
            world.put(generator.recurring(index, obligation.name, obligation, period, fresh=True))
    if client.code is not None:
        entry = make_entry(rng, max(world.register) + 1, client, world.people, local_date(now))
        world.keep(replace(entry, state="Em implantação", since=period), now)
    return True


def _any_entry(world: World, *, trashed: bool = False) -> Entry | None:
    """A page of the register, but never of the doubled code: which of two is newer must stay beyond doubt."""
    found = [entry for entry in world.register.values() if entry.trashed is trashed and entry.key not in world.doubled]
    return world.rng.choice(found) if found else None


def _other(rng: Random, values: list[str], present: str | None) -> str:
    return rng.choice([value for value in values if value != present])


def change_manager(world: World, now: datetime) -> bool:
    entry = _any_entry(world)
    if entry is None:
        return False
    world.keep(replace(entry, manager=_other(world.rng, [p.name for p in world.people], entry.manager)), now)
    return True


def change_state(world: World, now: datetime) -> bool:
    entry = _any_entry(world)
    if entry is None:
        return False
    world.keep(replace(entry, state=_other(world.rng, list(STATES), entry.state)), now)
    return True


def change_trade_name(world: World, now: datetime) -> bool:
    entry = _any_entry(world)
    if entry is None:
        return False
    base = entry.trade_name.split(" — ")[0]
    world.keep(replace(entry, trade_name=f"{base} — fase {world.version + 2}"), now)
    return True


def trash_page(world: World, now: datetime) -> bool:
    entry = _any_entry(world)
    if entry is None:
        return False
    world.keep(replace(entry, trashed=True), now)
    return True


def restore_page(world: World, now: datetime) -> bool:
    entry = _any_entry(world, trashed=True)
    if entry is None:
        return False
    world.keep(replace(entry, trashed=False), now)
    return True


EVENTS: dict[str, tuple[float, Event]] = {
    "finish": (40, finish),
    "open_order": (14, open_order),
    "hand_over": (8, hand_over),
    "move": (8, move),
    "block": (5, block),
    "make_late": (4, make_late),
    "reopen": (4, reopen),
    "set_aside": (3, set_aside),
    "delete": (3, delete),
    "change_manager": (2, change_manager),
    "change_state": (1.5, change_state),
    "change_trade_name": (1.5, change_trade_name),
    "client_comes": (0.5, client_comes),
    "erase": (0.7, erase),
    "regenerate": (1.5, regenerate),
    "trash_page": (0.2, trash_page),
    "restore_page": (0.2, restore_page),
}


def advance(world: World, events: int, now: datetime, kind: str | None = None) -> dict[str, int]:
    """Let that many events happen, of one kind or as they come; how many of each did.

    An event that finds nothing to happen to gives way to an opened order.
    """
    weights = [weight for weight, _ in EVENTS.values()]
    happened: dict[str, int] = {}
    for step in range(events):
        name = kind or world.rng.choices(list(EVENTS), weights)[0]
        moment = now + timedelta(microseconds=step)
        with world.changing():
            if not EVENTS[name][1](world, moment):
                name = "open_order"
                open_order(world, moment)
        happened[name] = happened.get(name, 0) + 1
    return happened
