"""A visit to a web page: a browser that lives for it, and whatever goes wrong leaves as one of three errors."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from shared.browser.chromium import browser
from shared.browser.errors import PageFailed, Stopped
from shared.browser.evidence import Shelf, take
from shared.browser.screen import Screen
from shared.errors import AuthRejected

GRACE_SECONDS = 60.0
"""So much longer a command may hang until the browser is killed."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What every visit to one place has in common."""

    page: str
    """The place in words, as the subject of a sentence: `a página do BI`."""
    setting: str
    """The setting that holds its address."""
    task: str
    """What a visit does, as the subject of a sentence: `a atualização`."""
    profile: Path
    shelf: Shelf
    folder: str
    """Where evidence lies in the landing."""
    now: Callable[[], datetime]
    stop: threading.Event
    seconds: float
    """A visit that takes longer is given up."""
    hide: tuple[str, ...] = ()
    """Texts that no evidence may show."""
    hears_requests: bool = False
    """Whether `Screen.asked` is wanted."""

    @contextmanager
    def __call__(self) -> Iterator[Screen]:
        """The screen of a fresh browser. Raises `PageFailed`, `AuthRejected` (both with evidence) and `Stopped`."""
        try:
            with browser(
                self.profile,
                stop=self.stop,
                seconds=self.seconds + GRACE_SECONDS,
                hears_requests=self.hears_requests,
            ) as driver:
                try:
                    yield Screen(driver, self.stop, seconds=self.seconds, task=self.task)
                except (PageFailed, AuthRejected) as error:
                    error.evidence = self._evidence(driver)
                    raise
                except WebDriverException as error:
                    if self.stop.is_set():
                        raise
                    raise PageFailed(self._words(error), evidence=self._evidence(driver)) from error
        except (WebDriverException, HTTPError, OSError) as error:
            if self.stop.is_set():
                raise Stopped from error
            raise PageFailed(self._words(error)) from error

    def _evidence(self, driver: WebDriver) -> str | None:
        return take(driver, self.shelf, folder=self.folder, now=self.now(), hide=self.hide)

    def _words(self, error: Exception) -> str:
        said = str(error.msg or "") if isinstance(error, WebDriverException) else str(error)
        said = said.splitlines()[0][:200] if said else type(error).__name__
        if "net::ERR_" in said:
            code = said[said.index("ERR_") :].split()[0]
            return f"{self.page} não abre ({code}): confira {self.setting} e a rede"
        if isinstance(error, TimeoutException):
            return f"{self.page} demora demais para abrir"
        return f"o navegador falhou: {said}"
