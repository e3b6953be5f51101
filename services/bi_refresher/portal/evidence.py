"""What the page looked like when something failed: a screenshot and its source, without what was typed."""

from datetime import datetime
from typing import Protocol

import structlog
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from shared.errors import Outage

log = structlog.get_logger()

FOLDER = "evidence/powerbi"
KEPT = 100
"""Files that stay; the newest. A portal in trouble makes two of them each gap."""
MAX_SOURCE = 2_000_000

BLANK = """
for (const field of document.querySelectorAll("input:not([type=submit]):not([type=button]), textarea")) {
  field.value = ""; field.removeAttribute("value");
  if (field.tagName === "TEXTAREA") field.textContent = "";
}
"""


class Shelf(Protocol):
    """The landing as evidence needs it."""

    def put(self, name: str, content: bytes) -> None: ...
    def keep_newest(self, folder: str, count: int) -> None: ...


def take(driver: WebDriver, shelf: Shelf, *, now: datetime) -> str | None:
    """Keep both; returns the screenshot's name in the landing, None where it could not be had."""
    name = f"{FOLDER}/{now:%Y%m%dT%H%M%S}"
    try:
        # First of all: where the fields cannot be blanked, nothing is kept.
        driver.execute_script(BLANK)
        picture, source = driver.get_screenshot_as_png(), driver.page_source
        shelf.put(f"{name}.html", source.encode()[:MAX_SOURCE])
        shelf.put(f"{name}.png", picture)
        shelf.keep_newest(FOLDER, KEPT)
    except (WebDriverException, HTTPError, OSError, Outage) as error:
        log.info("no evidence could be kept", reason=str(error).splitlines()[0] if str(error) else type(error).__name__)
        return None
    return f"{name}.png"
