"""Faults on demand: what the control door orders, and which calls it strikes."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.settings import Duration

System = Literal["gestta", "notion", "slack", "portal"]
Kind = Literal[
    "400", "401", "403", "404", "409", "422", "429", "500", "502", "503", "504", "529", "slow", "trickle", "cut",
    "truncated_json", "html", "empty", "other_body", "redirect", "duplicate_page", "short_page", "expired_cursor",
    "repeated_cursor",
]  # fmt: skip


class Order(BaseModel):
    """What is ordered: play `kind` on the next `times` matching calls (0: on all), once `after` of them have passed,
    for as long as it `lasts` (without: until it is spent or taken back).

    `first_day` and `one_in` match calls that ask for a range of dates: its first day begins with that text (`2026-10`,
    `2026-10-01`); it lies in every so-many-th calendar quarter, of which `phase` (0, 1, …) says which.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    system: System
    kind: Kind
    path: str = ""
    method: str = ""
    times: int = Field(default=1, ge=0)
    after: int = Field(default=0, ge=0)
    first_day: str = ""
    one_in: int = Field(default=0, ge=0)
    phase: int = Field(default=0, ge=0)
    lasts: Duration | None = None
    args: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def leads_somewhere(self) -> Self:
        if self.kind == "redirect" and "location" not in self.args:
            raise ValueError("a redirect needs args.location")
        return self


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as far as faults look at it."""

    system: str
    method: str
    path: str
    cursor: str | None = None
    first_day: date | None = None


@dataclass(slots=True)
class Fault:
    """An order and how far it has been played."""

    id: int
    order: Order
    ends: datetime | None = None
    seen: int = 0
    played: int = 0
    last_page: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def spent(self) -> bool:
        return self.order.times > 0 and self.played >= self.order.times

    def matches(self, asked: Asked, now: datetime) -> bool:
        order = self.order
        return (
            not self.spent
            and (self.ends is None or now < self.ends)
            and order.system == asked.system
            and asked.path.startswith(order.path)
            and order.method.upper() in ("", asked.method)
            and self._in_range(asked.first_day)
            # Kinds about cursors wait for a call that has one.
            and (asked.cursor is not None or order.kind not in ("expired_cursor", "repeated_cursor"))
        )

    def _in_range(self, first: date | None) -> bool:
        order = self.order
        if first is None:
            return not order.first_day and not order.one_in
        quarter = first.year * 4 + (first.month - 1) // 3
        return first.isoformat().startswith(order.first_day) and (
            order.one_in == 0 or quarter % order.one_in == order.phase % order.one_in
        )

    def told(self) -> dict[str, Any]:
        return {"id": self.id, **self.order.model_dump(mode="json"), "seen": self.seen, "played": self.played}


class Faults:
    """The orders that stand. Threads may share it; `stopping` ends what still waits."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.stopping = False
        self._clock = clock
        self._lock = threading.Lock()
        self._standing: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, order: Order) -> dict[str, Any]:
        with self._lock:
            ends = None if order.lasts is None else self._clock() + order.lasts
            fault = Fault(next(self._ids), order, ends)
            self._standing.append(fault)
            return fault.told()

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()

    def told(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.told() for fault in self._standing]

    def take(self, asked: Asked) -> Fault | None:
        """The fault to play on this call, counted as played."""
        now = self._clock()
        with self._lock:
            for fault in self._standing:
                if not fault.matches(asked, now):
                    continue
                fault.seen += 1
                if fault.order.kind == "duplicate_page" and fault.seen <= max(1, fault.order.after):
                    return fault
                if fault.seen <= fault.order.after:
                    continue
                fault.played += 1
                return fault
        return None
