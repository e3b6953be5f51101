"""The living office: its present state, under one lock."""

import threading
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from random import Random
from typing import Protocol

from simulators.world.calendar import local_date
from simulators.world.generate import Generator, make_client, make_people, make_register
from simulators.world.model import Client, Entry, Person, Task, client_key


class Mirror(Protocol):
    """Who keeps the register of clients beside the world (the Notion workspace)."""

    def put(self, entry: Entry, now: datetime) -> None: ...


class World:
    """All that is true of the office now.

    Every reader that needs one consistent moment and every change holds `lock`. Values are immutable and
    `clients` is replaced as a whole, so that what was read under the lock may be written out after it.
    `version` counts the events that have happened; `changed` and `removed` say for each task that an event touched
    which one was the last.
    """

    def __init__(self, *, seed: int, tasks_per_quarter: int, clients: int, people: int, now: datetime) -> None:
        self.lock = threading.RLock()
        self.rng = Random(seed)
        self.version = 0
        self.mirror: Mirror | None = None
        born = int(now.timestamp()) - 3 * 366 * 86_400
        self.people: tuple[Person, ...] = make_people(self.rng, people, born)
        self.clients: tuple[Client, ...] = tuple(make_client(self.rng, index, born) for index in range(clients))
        entries = make_register(self.rng, self.clients, self.people, local_date(now))
        self.register: dict[int, Entry] = {entry.key: entry for entry in entries}
        pages = Counter(client_key(entry.code) for entry in entries)
        self.doubled = frozenset(entry.key for entry in entries if pages[client_key(entry.code)] > 1)
        self.tasks: dict[str, Task] = {}
        self.erased: deque[list[Task]] = deque()
        self.held: list[list[Task]] = []
        """Erased months that only a command generates anew."""
        self.deleted: dict[str, Task] = {}
        """What a command deleted and another may bring back."""
        self.changed: dict[str, int] = {}
        self.removed: dict[str, int] = {}
        self.edits = 0
        """Counts every single change of a task: what was read at the same number is still so."""
        self._edited: dict[date, int] = {}
        self._days: list[date] = []
        self._by_day: dict[date, dict[str, None]] = {}
        for task in Generator(self.rng, self.clients, self.people, now).all_tasks(tasks_per_quarter):
            self.put(task)
        self.changed.clear()

    def put(self, task: Task) -> None:
        """Add a task or put it in the place of what had its id."""
        former = self.tasks.get(task.id)
        if former is not None and former.due != task.due:
            self._by_day[former.due].pop(task.id)
            self._touch(former.due)
        self.tasks[task.id] = task
        ids = self._by_day.get(task.due)
        if ids is None:
            insort(self._days, task.due)
            ids = self._by_day[task.due] = {}
        ids[task.id] = None
        self._touch(task.due)
        self.changed[task.id] = self.version + 1
        self.removed.pop(task.id, None)

    def drop(self, task_id: str) -> Task:
        task = self.tasks.pop(task_id)
        self._by_day[task.due].pop(task_id)
        self._touch(task.due)
        self.changed.pop(task_id, None)
        self.removed[task_id] = self.version + 1
        return task

    def _touch(self, day: date) -> None:
        self.edits += 1
        self._edited[day] = self.edits

    def version_of(self, task_id: str) -> int:
        """The event that last changed a task; 0: it is as it was at the first moment."""
        return self.changed.get(task_id, 0)

    def due_between(self, first: date, last: date) -> list[Task]:
        """The tasks due on these days, both included, by day."""
        return [self.tasks[task_id] for day in self._span(first, last) for task_id in self._by_day[day]]

    def days_between(self, first: date, last: date) -> list[tuple[date, int, list[Task]]]:
        """The tasks due on each of these days, with a number that is another once anything of that day is."""
        return [
            (day, self._edited[day], [self.tasks[task_id] for task_id in ids])
            for day in self._span(first, last)
            if (ids := self._by_day[day])
        ]

    def by_due(self) -> Iterator[Task]:
        for day in self._days:
            for task_id in self._by_day[day]:
                yield self.tasks[task_id]

    def _span(self, first: date, last: date) -> Iterable[date]:
        start = bisect_left(self._days, first)
        for day in self._days[start:]:
            if day > last:
                return
            yield day

    def keep(self, entry: Entry, now: datetime) -> None:
        """Write a page of the register, in the world and in its mirror."""
        self.register[entry.key] = entry
        if self.mirror is not None:
            self.mirror.put(entry, now)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One event: nobody reads while it happens."""
        with self.lock:
            yield
            self.version += 1
