"""What a driver says of an element whose page is just being replaced: no real browser does that when asked."""

import threading
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException

from shared.browser.screen import Screen, css

REPLACED = 'unknown error: unhandled inspector error: {"message":"Node with given id does not belong to the document"}'
BUTTON = css("button")


class Page:
    """A driver whose element fails the first time that it is asked for `what`, and then does as it is told."""

    def __init__(self, what: str, error: WebDriverException) -> None:
        self._what, self._error = what, error
        self.text = " Entrar "
        self.pressed = 0
        self.typed: list[str] = []

    def find_elements(self, _by: str, selector: str) -> list["Page"]:
        return [self] if selector == "button" else []

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "_what"):
            self._what = ""
            raise self._error
        return object.__getattribute__(self, name)

    def is_displayed(self) -> bool:
        return True

    def is_enabled(self) -> bool:
        return True

    def click(self) -> None:
        self.pressed += 1

    def clear(self) -> None:
        self.typed.clear()

    def send_keys(self, text: str) -> None:
        self.typed.append(text)


def screen(page: Page) -> Screen:
    return Screen(page, threading.Event(), seconds=10, task="a visita")


@pytest.mark.parametrize("error", [WebDriverException(REPLACED), StaleElementReferenceException("stale")])
@pytest.mark.parametrize("what", ["is_displayed", "is_enabled", "click"])
def test_a_button_whose_page_was_replaced_is_pressed_once_when_it_is_there_again(what, error):
    page = Page(what, error)
    screen(page).click(BUTTON, "o botão")
    assert page.pressed == 1


def test_a_field_whose_page_was_replaced_went_away_and_its_text_is_not_there():
    page = Page("send_keys", WebDriverException(REPLACED))
    assert screen(page).type(BUTTON, "a") is False
    assert screen(Page("text", WebDriverException(REPLACED))).text(BUTTON) == ""


def test_what_else_a_driver_does_not_know_ends_the_visit():
    with pytest.raises(WebDriverException, match="disconnected"):
        screen(Page("click", WebDriverException("disconnected"))).click(BUTTON, "o botão")
