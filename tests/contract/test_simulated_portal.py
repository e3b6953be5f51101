"""The BI portal simulator as a browser meets it, by a real headless Chromium where there is one."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import requests
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from simulators.portal.app import MODEL_PATH, Behaviour
from simulators.portal.refreshes import Refreshes
from simulators.serve import Running, start
from simulators.settings import on_free_ports
from tests.contract.a_browser import a_browser

EMAIL, PASSWORD = "robo@escritorio.example", "senha-inventada"
QUICK = Behaviour(refresh_takes=timedelta(seconds=0.5))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    settings = on_free_ports()
    with start(settings) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with a_browser() as driver:
        yield driver


class Visitor:
    """A person at the portal."""

    def __init__(self, driver: webdriver.Chrome, running: Running) -> None:
        self.driver = driver
        self.running = running
        self.url = running.urls["portal"]

    def open(self, path: str = MODEL_PATH) -> None:
        self.driver.get(self.url + path)

    def wait(self, happened: Callable[[webdriver.Chrome], object]) -> object:
        ignored = (NoSuchElementException, StaleElementReferenceException, ElementClickInterceptedException)
        return WebDriverWait(self.driver, 10, 0.05, ignored).until(happened)

    def find(self, element_id: str) -> WebElement:
        found = self.wait(lambda driver: driver.find_element(By.ID, element_id))
        assert isinstance(found, WebElement)
        return found

    def click(self, element_id: str) -> None:
        def pressed(driver: webdriver.Chrome) -> bool:
            driver.find_element(By.ID, element_id).click()
            return True

        self.wait(pressed)

    def type(self, element_id: str, text: str) -> None:
        self.find(element_id).send_keys(text)

    def sign_in(self) -> None:
        self.type("i0116", EMAIL)
        self.click("idSIButton9")
        self.type("i0118", PASSWORD)
        self.click("idSIButton9")
        self.find("KmsiCheckboxField")
        self.click("idSIButton9")
        self.find("refresh")

    def refresh_now(self) -> None:
        self.click("refresh")
        self.click("refresh-now")

    def rows(self) -> list[list[str]]:
        self.driver.refresh()
        self.click("history")
        self.wait(lambda driver: driver.find_element(By.ID, "dialog").is_displayed())
        return [
            [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
            for row in self.driver.find_elements(By.CSS_SELECTOR, "#rows tr")
        ]


@pytest.fixture
def visitor(chromium: webdriver.Chrome, running: Running) -> Visitor:
    running.portal.behaviour = QUICK
    running.portal.refreshes = Refreshes()
    chromium.get(running.urls["portal"] + "/page/report")
    chromium.delete_all_cookies()
    return Visitor(chromium, running)


def test_who_signs_in_step_by_step_reaches_the_model(visitor):
    visitor.open()
    assert visitor.driver.current_url.endswith("/login")
    visitor.sign_in()

    assert visitor.driver.current_url.endswith(MODEL_PATH)
    assert visitor.find("refresh").get_attribute("aria-label") == "Atualizar"


def test_the_button_goes_stale_between_the_two_steps(visitor):
    visitor.open()
    visitor.type("i0116", EMAIL)
    button = visitor.find("idSIButton9")
    button.click()
    visitor.find("i0118")

    with pytest.raises(StaleElementReferenceException):
        button.click()


def test_a_wrong_email_and_a_wrong_password_are_said_where_microsoft_says_them(visitor):
    visitor.open()
    visitor.type("i0116", "outra@escritorio.example")
    visitor.click("idSIButton9")
    assert "Não encontramos" in visitor.find("usernameError").text

    visitor.find("i0116").clear()
    visitor.type("i0116", EMAIL)
    visitor.click("idSIButton9")
    visitor.type("i0118", "errada")
    visitor.click("idSIButton9")
    assert "incorreta" in visitor.find("passwordError").text


def test_the_portals_own_email_page_comes_first_when_told_to(visitor):
    visitor.running.portal.behaviour = QUICK.changed({"own_email_page": True})
    visitor.open()
    visitor.type("email", EMAIL)
    visitor.click("submitBtn")
    visitor.sign_in()


def test_an_account_picker_stands_before_the_email_when_told_to(visitor):
    visitor.running.portal.behaviour = QUICK.changed({"account_picker": True})
    visitor.open()
    visitor.click("otherTile")
    visitor.sign_in()


def test_a_second_factor_shows_its_number_and_waits_for_a_person(visitor):
    visitor.running.portal.behaviour = QUICK.changed({"second_factor": True})
    visitor.open()
    visitor.type("i0116", EMAIL)
    visitor.click("idSIButton9")
    visitor.type("i0118", PASSWORD)
    visitor.click("idSIButton9")
    assert visitor.find("idDiv_SAOTCAS_Title").text == "Aprovar solicitação de entrada"
    assert visitor.find("idRichContext_DisplaySign").text == "42"

    visitor.running.portal.behaviour = QUICK
    visitor.click("idSIButton9")
    visitor.find("refresh")


def test_a_refresh_runs_and_then_the_history_says_it_is_done(visitor):
    visitor.open()
    visitor.sign_in()
    visitor.running.portal.behaviour = QUICK.changed({"refresh_takes": timedelta(seconds=2)})
    before = len(visitor.rows())
    visitor.driver.refresh()
    visitor.refresh_now()

    visitor.wait(lambda _: visitor.rows()[0][3] == "Em andamento")
    visitor.wait(lambda _: visitor.rows()[0][3] == "Concluído")
    assert len(visitor.rows()) == before + 1
    assert visitor.rows()[0][0] == "Sob demanda"


def test_a_refresh_may_fail_with_a_message_long_after_the_click(visitor):
    visitor.open()
    visitor.sign_in()
    visitor.running.portal.behaviour = QUICK.changed({"refresh_fails": "O gateway de dados está offline."})
    visitor.refresh_now()

    visitor.wait(lambda _: visitor.rows()[0][3:] == ["Com falha", "O gateway de dados está offline."])


def test_a_toast_takes_the_click_that_was_meant_for_the_button(visitor):
    visitor.open()
    visitor.sign_in()
    visitor.running.portal.behaviour = QUICK.changed({"toast_seconds": 3})
    visitor.driver.refresh()

    with pytest.raises(ElementClickInterceptedException):
        visitor.find("refresh").click()
    visitor.click("refresh")


def test_a_cookie_banner_covers_everything_until_it_is_accepted(visitor):
    visitor.open()
    visitor.sign_in()
    visitor.running.portal.behaviour = QUICK.changed({"cookie_banner": True})
    visitor.driver.refresh()

    with pytest.raises(ElementClickInterceptedException):
        visitor.find("refresh").click()
    visitor.click("accept")
    visitor.click("refresh")


def test_the_portal_may_speak_english(visitor):
    visitor.running.portal.behaviour = QUICK.changed({"language": "en-US"})
    visitor.open()
    visitor.sign_in()
    visitor.click("refresh")

    assert visitor.find("refresh-now").text == "Refresh now"


def test_a_session_ends_after_its_life(visitor):
    visitor.open()
    visitor.sign_in()
    visitor.running.portal.behaviour = QUICK.changed({"session_life": timedelta(0)})
    visitor.open()

    assert visitor.driver.current_url.endswith("/login")


def test_the_plain_page_refreshes_by_one_button(visitor):
    visitor.open("/page/report")
    visitor.click("atualizar")
    visitor.wait(lambda driver: driver.get(visitor.url + "/page/report") or "Concluído" in driver.page_source)

    assert visitor.find("last-refresh").text != "nunca"


def test_a_second_refresh_while_one_runs_is_ignored(running):
    running.portal.behaviour = Behaviour(refresh_takes=timedelta(minutes=1))
    running.portal.refreshes = Refreshes()
    for _ in range(2):
        requests.post(running.urls["portal"] + "/page/refresh", timeout=5)
    told = requests.get(running.urls["control"] + "/portal/refreshes", timeout=5).json()

    assert [refresh["outcome"] for refresh in told] == ["running", "ignored"]
    assert told[0]["ended_at"] is None


def test_nobody_refreshes_or_reads_the_history_without_signing_in(running):
    model = running.urls["portal"] + MODEL_PATH.removesuffix("/details")

    assert requests.post(model + "/refresh", timeout=5).status_code == 401
    assert requests.get(model + "/history", timeout=5).status_code == 401


def test_a_password_alone_is_not_enough_to_enter(running):
    """The session begins after "Stay signed in?", and only for who has just given the password."""
    answer = requests.post(running.urls["portal"] + "/login/kmsi", timeout=5, allow_redirects=False)

    assert answer.headers["location"] == "/login"
    assert "portal_session" not in answer.cookies
