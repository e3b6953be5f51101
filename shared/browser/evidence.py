"""What the page looked like when something failed: a screenshot and its source, without what was typed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from shared.errors import Outage
from shared.log import clean

log = structlog.get_logger()

KEPT = 100
"""Files that stay; the newest. A portal in trouble makes two of them each gap."""
MAX_SOURCE = 2_000_000

BLANK = """
for (const field of document.querySelectorAll("input:not([type=submit]):not([type=button]), textarea")) {
  field.value = ""; field.removeAttribute("value");
  if (field.tagName === "TEXTAREA") field.textContent = "";
}
"""
HIDE = r"""
const clean = text => arguments[0].reduce((text, secret) => text.replaceAll(secret, "…"),
  text.replace(/eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g, "…"));
const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  for (const attribute of node.attributes ?? []) {
    const cleaned = clean(attribute.value);
    if (cleaned !== attribute.value) attribute.value = cleaned;
  }
  if (node.nodeType === Node.TEXT_NODE) {
    const cleaned = clean(node.data);
    if (cleaned !== node.data) node.data = cleaned;
  }
}
"""


class Shelf(Protocol):
    """The landing as evidence needs it."""

    def put(self, name: str, content: bytes) -> None: ...
    def keep_newest(self, folder: str, count: int) -> None: ...


def take(driver: WebDriver, shelf: Shelf, *, folder: str, now: datetime, hide: Sequence[str] = ()) -> str | None:
    """Keep both in `folder`, without the texts of `hide`; returns the screenshot's name, None where there is none."""
    name = f"{folder}/{now:%Y%m%dT%H%M%S}"
    try:
        # First of all: where the fields cannot be blanked, nothing is kept.
        driver.execute_script(BLANK)
        driver.execute_script(HIDE, [text for text in hide if text])
        picture, source = driver.get_screenshot_as_png(), clean(driver.page_source)
        for text in filter(None, hide):
            source = source.replace(text, "…")  # also in what is no element: comments
        shelf.put(f"{name}.html", source.encode()[:MAX_SOURCE])
        shelf.put(f"{name}.png", picture)
        shelf.keep_newest(folder, KEPT)
    except (WebDriverException, HTTPError, OSError, Outage) as error:
        log.info("no evidence could be kept", reason=str(error).splitlines()[0] if str(error) else type(error).__name__)
        return None
    return f"{name}.png"
