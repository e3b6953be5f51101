"""What the page shows: figures, groups, tasks and freshness, and the words for them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from services.panel.newest import View

# Brazil has had no daylight saving since 2019, and slim images carry no time zone data.
BRASILIA = timezone(timedelta(hours=-3))
_SYSTEMS = {"gestta": "Gestta", "notion": "Notion"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of tasks; `done` and `done_on_time` are of the last 30 days."""

    open: int
    overdue: int
    due_today: int
    due_soon: int
    fine_risk: int
    done: int
    done_on_time: int

    @property
    def on_time_share(self) -> str:
        return f"{100 * self.done_on_time / self.done:.0f}%" if self.done else "—"


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of a department or of a client manager; None is what has neither."""

    name: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the table of what burns first."""

    title: str | None
    client: str | None
    department: str | None
    owner: str | None
    due_date: date | None
    legal_due_date: date | None
    days_late: int | None
    is_past_legal: bool
    generates_fine: bool
    url: str | None

    @property
    def link(self) -> str | None:
        """Its address, if it is one that a page may link to."""
        return self.url if self.url and self.url.startswith(("https://", "http://")) else None


@dataclass(frozen=True, slots=True)
class Freshness:
    """One system's scopes together."""

    system: str
    scopes: int
    stale: int
    unread: int
    last_read_at: datetime | None
    oldest_stale_at: datetime | None

    @property
    def name(self) -> str:
        return _SYSTEMS.get(self.system, self.system)


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the page, as it was at `at`."""

    at: datetime
    total: Figures
    departments: Sequence[Group]
    managers: Sequence[Group]
    tasks: Sequence[Task]
    freshness: Sequence[Freshness]


def away(trouble: str | None, *, shown_of: datetime | None) -> list[str]:
    """That the database is away, and how old what is shown is."""
    if not trouble:
        return []
    age = f" Os números abaixo são de {when(shown_of)}." if shown_of else ""
    return [f"O banco de dados não responde.{age}"]


def banners(view: View[Board]) -> list[str]:
    """What a reader must know before believing a figure; empty when all is fresh."""
    told = away(view.trouble, shown_of=view.shown.at if view.shown else None)
    if view.shown is None:
        return told
    if not view.shown.freshness:
        told.append("Ainda não houve nenhuma leitura completa: os números aparecem depois da primeira.")
    for source in view.shown.freshness:
        if late := source.stale - source.unread:
            are = "está desatualizada" if late == 1 else "estão desatualizadas, a mais antiga"
            told.append(f"{source.name}: {late} de {source.scopes} partes {are} desde {when(source.oldest_stale_at)}.")
        if source.unread:
            are = "ainda não foi lida" if source.unread == 1 else "ainda não foram lidas"
            told.append(f"{source.name}: {source.unread} de {source.scopes} partes {are} por inteiro.")
    return told


def when(moment: datetime | None) -> str:
    """A moment as the office reads it."""
    return moment.astimezone(BRASILIA).strftime("%d/%m/%Y %H:%M:%S") if moment else "nunca"


def day(value: date | None) -> str:
    """A date as the office reads it."""
    return value.strftime("%d/%m/%Y") if value else "—"


def number(value: int) -> str:
    """A count with the thousands apart."""
    return f"{value:,}".replace(",", ".")
