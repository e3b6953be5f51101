"""The two kinds of page that are refreshed, each with its own way of telling the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from services.bi_refresher.refresh import RefreshFailed
from shared.browser.screen import Screen, Ways, css, named

REFRESH_MENU = [
    *css("[data-testid='refresh-menu']", "button[data-testid*='refresh'][aria-haspopup]"),
    *named("Atualizar", "Refresh"),
]
REFRESH_NOW = named("Atualizar agora", "Refresh now")
HISTORY = named("Histórico de atualizações", "Histórico de atualização", "Refresh history")
CLOSE = [*css("[role=dialog] [aria-label='Fechar']", "[role=dialog] [aria-label='Close']"), *named("Fechar", "Close")]

PAGE_BUTTON = [*css("#atualizar", "[data-action=refresh]"), *named("Atualizar", "Atualizar agora", "Refresh")]
PAGE_TIME = css("#last-refresh", "[data-last-refresh]", "main time", "time")
PAGE_STATUS = css("#status", "[data-status]", "[role=status]")

ROWS = """
const dialog = [...document.querySelectorAll("[role=dialog], mat-dialog-container")].find(
  dialog => dialog.getClientRects().length);
if (!dialog) return [];
const cells = "th, td, [role=columnheader], [role=gridcell], [role=cell]";
return [...dialog.querySelectorAll("tr, [role=row]")].map(
  row => [...row.querySelectorAll(cells)].map(cell => cell.innerText.trim()));
"""
START_COLUMN = ("início", "start", "start time", "hora de início")
STATUS_COLUMN = ("status", "estado", "situação")
MESSAGE_COLUMN = ("mensagem", "message", "details", "detalhes")


class Status(Enum):
    """How a refresh stands."""

    RUNNING = frozenset({"in progress", "em andamento", "em progresso", "running", ""})
    COMPLETED = frozenset({"completed", "concluído", "concluída", "succeeded"})
    FAILED = frozenset(
        {"failed", "com falha", "falha", "falhou", "cancelled", "canceled", "cancelado", "cancelada"}
        | {"disabled", "desabilitado", "desabilitada"}
    )
    UNKNOWN = frozenset({"?"})

    @classmethod
    def of(cls, words: str) -> "Status":
        return next((status for status in cls if words.strip().lower() in status.value), cls.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history; `key` is what it is known by, `says` its own words."""

    key: str
    status: Status
    says: str


class Page(Protocol):
    """A page that can be refreshed."""

    ready: ClassVar[Ways]

    def entries(self, screen: Screen) -> list[Entry]:
        """The history as it stands now, newest first."""

    def press(self, screen: Screen, before: Callable[[], None]) -> None:
        """Press the button that refreshes, once; `before` runs right before the click."""


class ModelPage:
    """The page of a semantic model in Power BI."""

    ready: ClassVar[Ways] = REFRESH_MENU

    def entries(self, screen: Screen) -> list[Entry]:
        screen.click(HISTORY, "“Histórico de atualizações”")
        rows: list[list[str]] = []
        for _ in range(25):
            # The dialog comes before its rows; a model never refreshed has none.
            rows = screen.driver.execute_script(ROWS)
            if len(rows) > 1:
                break
            screen.pause(0.2)
        if not rows:
            raise RefreshFailed("o histórico de atualizações não abriu")
        screen.click(CLOSE, "botão de fechar o histórico")
        return history(rows)

    def press(self, screen: Screen, before: Callable[[], None]) -> None:
        if not screen.sees(REFRESH_NOW):
            screen.click(REFRESH_MENU, "menu “Atualizar”")
        screen.click(REFRESH_NOW, "“Atualizar agora”", before=before)


class ReportPage:
    """Any page with a button, a time of the last refresh and, where it has one, a status."""

    ready: ClassVar[Ways] = PAGE_BUTTON

    def entries(self, screen: Screen) -> list[Entry]:
        screen.driver.refresh()
        for _ in range(50):
            if last := screen.text(PAGE_TIME):
                break
            screen.pause(0.2)
        else:
            raise RefreshFailed("a página não mostra a hora da última atualização")
        says = screen.text(PAGE_STATUS)
        status = Status.of(says) if says else Status.COMPLETED
        done = Entry(last, Status.COMPLETED, says)
        return [done] if status is Status.COMPLETED else [Entry(says, status, says), done]

    def press(self, screen: Screen, before: Callable[[], None]) -> None:
        screen.click(PAGE_BUTTON, "botão “Atualizar”", before=before)


def history(rows: Sequence[Sequence[str]]) -> list[Entry]:
    """The rows of the history's table, its headings first.

    Raises `RefreshFailed` when there is no column of start or status.
    """
    head = [cell.lower() for cell in rows[0]]
    start, status, message = (_column(head, names) for names in (START_COLUMN, STATUS_COLUMN, MESSAGE_COLUMN))
    if start is None or status is None:
        raise RefreshFailed(f"não reconheço as colunas do histórico: {', '.join(rows[0])[:200]}")
    return [
        Entry(
            key=row[start],
            status=Status.of(row[status]),
            says=": ".join(filter(None, (row[status], row[message] if message is not None else ""))),
        )
        for row in rows[1:]
        if len(row) == len(head)
    ]


def _column(head: Sequence[str], names: Sequence[str]) -> int | None:
    return next((index for index, cell in enumerate(head) if cell in names), None)
