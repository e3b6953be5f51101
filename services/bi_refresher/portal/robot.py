"""A visit to the portal: sign in, press the button, believe only the history."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.bi_refresher.portal.pages import Entry, Page, Status
from services.bi_refresher.portal.sign_in import sign_in
from services.bi_refresher.refresh import Interrupted, RefreshFailed
from shared.browser.errors import PageFailed, Stopped
from shared.browser.evidence import Shelf
from shared.browser.screen import Screen
from shared.browser.visit import Visit

VISIT_SECONDS = 600.0
APPEAR_SECONDS = 60.0
POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Robot:
    """A portal behind `url`, worked by a browser that lives for one visit."""

    page: Page
    url: str
    email: str
    password: str
    profile: Path
    shelf: Shelf
    now: Callable[[], datetime]
    stop: threading.Event
    visit_seconds: float = VISIT_SECONDS
    """A visit that takes longer is given up."""
    appear_seconds: float = APPEAR_SECONDS
    """So long after the click the history must show it."""

    def refresh(self, starts: Callable[[], None]) -> None:
        """Press the button and return when the history says completed.

        `starts` is called right before the click and when the history first shows it.
        Raises `RefreshFailed`, `AuthRejected` (both with evidence where it could be had) and `Interrupted`.
        """
        with self._visit() as screen:
            before = self._when_idle(screen)
            self.page.press(screen, starts)
            self._believe(screen, before, starts)

    def look(self) -> None:
        """Sign in and find the button, without pressing it; raises as `refresh` does."""
        with self._visit():
            return

    def _when_idle(self, screen: Screen) -> frozenset[str]:
        """What the history knows once nothing runs: a click while another refresh runs would be ignored."""
        while True:
            entries = self.page.entries(screen)
            if not any(entry.status is Status.RUNNING for entry in entries):
                return frozenset(entry.key for entry in entries)
            screen.pause(POLL_SECONDS)

    def _believe(self, screen: Screen, before: frozenset[str], starts: Callable[[], None]) -> None:
        clicked, seen = time.monotonic(), False
        while True:
            # Before the first look, too: a page that is loaded anew at once takes back what its click asks for.
            screen.pause(POLL_SECONDS)
            entry = next((entry for entry in self.page.entries(screen) if entry.key not in before), None)
            if entry is not None and not seen:
                seen = True
                starts()
            if self._is_completed(entry, seen=seen, waited=time.monotonic() - clicked):
                return

    def _is_completed(self, entry: Entry | None, *, seen: bool, waited: float) -> bool:
        if entry is None:
            if seen:
                raise RefreshFailed("a atualização começou e terminou sem sucesso")
            if waited > self.appear_seconds:
                raise RefreshFailed("o portal ignorou o clique: o histórico não mostra uma atualização nova")
            return False
        if entry.status is Status.FAILED:
            raise RefreshFailed(f"o portal diz: {entry.says[:500]}")
        return entry.status is Status.COMPLETED

    @contextmanager
    def _visit(self) -> Iterator[Screen]:
        """A signed-in page; whatever goes wrong in it leaves as one of three errors, with evidence."""
        visit = Visit(
            page="a página do BI",
            setting="BI_URL",
            task="a atualização",
            profile=self.profile,
            shelf=self.shelf,
            folder="evidence/powerbi",
            now=self.now,
            stop=self.stop,
            seconds=self.visit_seconds,
        )
        try:
            with visit() as screen:
                sign_in(screen, self.url, email=self.email, password=self.password, ready=self.page.ready)
                yield screen
        except RefreshFailed:
            raise
        except PageFailed as failure:
            raise RefreshFailed(failure.reason, evidence=failure.evidence) from failure
        except Stopped as stopped:
            raise Interrupted from stopped
