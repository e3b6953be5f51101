"""What a robot can do with a page: see, wait, click, type; always one way of several, always bounded."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    InvalidElementStateException,
    NoSuchWindowException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from shared.browser.errors import PageFailed, Stopped

T = TypeVar("T")
Way = tuple[str, str]
Ways = Sequence[Way]

ELEMENT_SECONDS = 20.0
NOT_YET = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    InvalidElementStateException,
    StaleElementReferenceException,
)
"""The click or the keys did not reach the element: trying again does nothing twice."""
_REPLACED = "does not belong to the document"


@contextmanager
def replaced_is_stale() -> Iterator[None]:
    """An element whose page is being replaced just now is stale, but the driver calls it an unknown error: it says so
    before it does anything to the element."""
    try:
        yield
    except WebDriverException as error:
        if _REPLACED in (error.msg or ""):
            raise StaleElementReferenceException(error.msg) from error
        raise


def css(*selectors: str) -> list[Way]:
    return [(By.CSS_SELECTOR, selector) for selector in selectors]


def named(*names: str) -> list[Way]:
    """Something to press that is called so, by label or by text."""
    pressable = "self::button or self::a or @role='button' or @role='menuitem'"
    return [
        *css(*(f"[aria-label='{name}']" for name in names)),
        *((By.XPATH, f"//*[{pressable}][normalize-space(.)='{name}']") for name in names),
    ]


def saying(*words: str) -> list[Way]:
    """A heading or a paragraph with these words in it."""
    spoken = "self::h1 or self::h2 or self::h3 or self::p or self::label or self::legend"
    return [(By.XPATH, f"//*[{spoken}][contains(normalize-space(.), '{word}')]") for word in words]


OVERLAYS = [
    *css("#onetrust-accept-btn-handler", "[role=status] button", "[role=alert] button[aria-label]"),
    *named("Aceitar", "Aceitar todos", "Aceitar tudo", "Accept", "Accept all"),
]
"""What covers a page until somebody closes it: cookie banners, toasts."""


class Screen:
    """The page that a driver shows."""

    def __init__(self, driver: WebDriver, stop: threading.Event, *, seconds: float, task: str) -> None:
        self.driver = driver
        self._task = task
        self._stop = stop
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    def pause(self, seconds: float) -> None:
        """Wait; raises `Stopped` once the service is to stop, `PageFailed` when the visit takes too long."""
        if self._stop.wait(seconds):
            raise Stopped
        if time.monotonic() > self._deadline:
            raise PageFailed(f"{self._task} não terminou em {self._seconds:.0f} s")

    def sees(self, ways: Ways) -> WebElement | None:
        """The first element of `ways` that is displayed at this moment."""
        for way in ways:
            for element in self.driver.find_elements(*way):
                try:
                    with replaced_is_stale():
                        if element.is_displayed():
                            return element
                except StaleElementReferenceException:
                    continue
        return None

    def text(self, ways: Ways) -> str:
        """Its text; empty where it is not there."""
        try:
            element = self.sees(ways)
            with replaced_is_stale():
                return element.text.strip() if element else ""
        except StaleElementReferenceException:
            return ""

    def click(
        self, ways: Ways, what: str, *, before: Callable[[], None] = lambda: None, covers: Ways = OVERLAYS
    ) -> None:
        """Click once, as soon as nothing covers it; `before` runs right before the try. Of `covers` what is in the
        way is clicked away.

        Raises `PageFailed` when it does not show or stays covered for 20 s.
        """
        seen = False
        deadline = time.monotonic() + ELEMENT_SECONDS
        while time.monotonic() < deadline:
            element = self.sees(ways)
            try:
                if element is not None and _is_enabled(element):
                    seen = True
                    before()
                    with replaced_is_stale():
                        element.click()
                    return
            except NOT_YET:
                self._uncover(covers)
            self.pause(0.2)
        raise PageFailed(f"{what}: " + ("há algo na frente, não consegui clicar" if seen else "não encontrei"))

    def type(self, ways: Ways, text: str) -> bool:
        """Fill a field; False when it went away meanwhile."""
        field = self.sees(ways)
        if field is None:
            return False
        try:
            with replaced_is_stale():
                field.clear()
                field.send_keys(text)
        except NOT_YET:
            return False
        return True

    def through_windows(self, ask: Callable[[], T | None]) -> T | None:
        """`ask` in every window, the newest first, until one answers; the screen stays at that one."""
        for handle in reversed(self.driver.window_handles):
            try:
                self.driver.switch_to.window(handle)
                if (answer := ask()) is not None:
                    return answer
            except NoSuchWindowException:
                continue
        return None

    def asked(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Address and headers of what the pages asked of the network since the last call (`hears_requests`)."""
        for entry in self.driver.execute("getLog", {"type": "performance"})["value"]:
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                request = message["params"]["request"]
                yield request["url"], request["headers"]

    def _uncover(self, covers: Ways) -> None:
        cover = self.sees(covers)
        if cover is not None:
            try:
                with replaced_is_stale():
                    cover.click()
            except NOT_YET:
                return


def _is_enabled(element: WebElement) -> bool:
    with replaced_is_stale():
        return bool(element.is_enabled())
