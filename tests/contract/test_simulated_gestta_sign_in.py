"""The simulated sign-in by Onvio as a browser meets it, by a real headless Chromium where there is one."""

import json
from collections.abc import Callable, Iterator

import pytest
import requests
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from shared.browser.screen import replaced_is_stale
from tests.contract.a_browser import a_browser
from tests.contract.simulated_gestta import ME, PASSWORD, Office, an_office

LINK = (By.CSS_SELECTOR, "a[href*='/dominio/auth/redirect']")
SUBMIT = (By.CSS_SELECTOR, "button[type=submit]")
FRESH = {
    "second_factor": False, "captcha": False, "popup": "", "menu": False, "new_tab": False, "denied": False,
    "session_life": "8h", "end_sessions": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def opened() -> Iterator[Office]:
    with an_office(tasks_per_quarter=0, clients=5, people=5) as found:
        yield found


@pytest.fixture
def office(opened: Office) -> Office:
    opened.door("POST", "/onvio/settings", FRESH)
    opened.door("POST", "/gestta/account", {"unlock": True})
    opened.behave(lock_after=0)
    return opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with a_browser() as driver:
        yield driver


class Visitor:
    """A person at Onvio's door, with nothing left in the browser from before."""

    def __init__(self, driver: webdriver.Chrome, office: Office) -> None:
        self.driver = driver
        self.office = office
        self.url = office.running.urls["gestta"]
        for other in driver.window_handles[1:]:
            driver.switch_to.window(other)
            driver.close()
        driver.switch_to.window(driver.window_handles[0])
        driver.get(f"{self.url}/news")
        driver.delete_all_cookies()
        driver.execute_script("localStorage.clear()")

    def wait(self, happened: Callable[[webdriver.Chrome], object]) -> object:
        ignored = (NoSuchElementException, StaleElementReferenceException, ElementClickInterceptedException)
        return WebDriverWait(self.driver, 10, 0.05, ignored).until(replaced_is_stale()(happened))

    def click(self, *where: str) -> None:
        def pressed(driver: webdriver.Chrome) -> bool:
            driver.find_element(*where).click()
            return True

        self.wait(pressed)

    def type(self, element_id: str, text: str) -> None:
        def typed(driver: webdriver.Chrome) -> bool:
            driver.find_element(By.ID, element_id).send_keys(text)
            return True

        self.wait(typed)
        self.click(*SUBMIT)

    def sign_in(self, password: str = PASSWORD) -> None:
        self.driver.get(f"{self.url}/login/#/")
        self.click(By.ID, "trauth-continue-signin-btn")
        self.type("username", self.office.running.gestta.account.email)
        self.type("password", password)

    def stored(self, key: str) -> str:
        return str(self.wait(lambda driver: driver.execute_script(f"return localStorage.getItem('{key}')")))

    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def at_dashboard(self) -> None:
        self.wait(lambda driver: driver.current_url.endswith("/staff/#/dashboard-core-center"))


@pytest.fixture
def visitor(chromium: webdriver.Chrome, office: Office) -> Visitor:
    return Visitor(chromium, office)


def test_two_screens_and_a_link_lead_to_the_token_in_the_browser(visitor, office):
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.click(*LINK)
    stored = visitor.stored("ngStorage-jwt")

    assert stored.startswith('"JWT eyJ')
    assert stored.endswith('"')
    token = json.loads(stored).removeprefix("JWT ")
    assert office.call("GET", ME, token=token).status_code == 200


def test_the_messengers_token_lies_beside_it_and_opens_nothing(visitor, office):
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.click(*LINK)
    visitor.stored("ngStorage-jwt")

    assert office.call("GET", ME, token=visitor.stored("user-jwt")).status_code == 401


def test_the_pages_first_request_carries_the_token_too(visitor, office):
    before = _calls_to_me(office)
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.click(*LINK)
    visitor.stored("ngStorage-jwt")

    visitor.wait(lambda _: _calls_to_me(office) == before + 1)
    assert office.running.ledger.summary()["violations"] == 0


def _calls_to_me(office: Office) -> int:
    rows = office.running.ledger.summary()["by_path"]
    return sum(row["calls"] for row in rows if row["path"] == ME and row["status"] == 200)


def test_what_was_found_on_the_first_screen_is_stale_on_the_second(visitor):
    visitor.driver.get(f"{visitor.url}/auth/u/login")
    username = visitor.wait(lambda driver: driver.find_element(By.ID, "username"))
    visitor.type("username", "robo@escritorio.example")
    visitor.wait(lambda driver: driver.find_element(By.ID, "password"))

    with pytest.raises(StaleElementReferenceException):
        username.click()


@pytest.mark.parametrize("name", [None, "estranho@escritorio.example"], ids=["known name", "unknown name"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_words(visitor, name):
    visitor.driver.get(f"{visitor.url}/auth/u/login")
    visitor.type("username", name or visitor.office.running.gestta.account.email)
    visitor.type("password", "errada")
    alert = visitor.wait(lambda driver: driver.find_element(By.CSS_SELECTOR, "form [role=alert]"))

    assert alert.text == "Nome de usuário ou senha incorretos"
    assert alert.get_attribute("id") == "error-element-password"


def test_wrong_passwords_in_the_browser_lock_the_account_for_every_login(visitor, office):
    office.behave(lock_after=1)
    visitor.sign_in("errada")
    visitor.wait(lambda driver: driver.find_element(By.CSS_SELECTOR, "form [role=alert]"))
    visitor.sign_in()
    visitor.wait(lambda driver: "bloqueada" in driver.find_element(By.CSS_SELECTOR, "form [role=alert]").text)

    assert office.login().status_code == 403
    assert office.marks()["onvio_login_locked"] == 1


def test_a_second_factor_asks_for_a_method_and_then_for_a_code(visitor, office):
    office.door("POST", "/onvio/settings", {"second_factor": True, "code": "424242"})
    visitor.sign_in()
    visitor.wait(lambda _: "Selecione um método para verificar sua identidade" in visitor.text())
    visitor.click(By.CSS_SELECTOR, "button[value=email]")
    visitor.type("otp-code-input", "000000")
    visitor.wait(lambda _: "inválido" in visitor.text())
    visitor.driver.find_element(By.ID, "otp-code-input").clear()
    visitor.type("otp-code-input", "424242")

    visitor.at_dashboard()


def test_a_password_alone_does_not_pass_the_second_factor(visitor, office):
    office.door("POST", "/onvio/settings", {"second_factor": True})
    visitor.sign_in()
    visitor.wait(lambda driver: driver.current_url.endswith("/auth/u/mfa"))
    visitor.driver.get(f"{visitor.url}/dominio/auth/redirect")

    assert visitor.driver.current_url.endswith("/login/#/")


def test_the_link_may_hide_behind_the_hamburger_menu(visitor, office):
    office.door("POST", "/onvio/settings", {"menu": True})
    visitor.sign_in()
    visitor.at_dashboard()

    assert not visitor.wait(lambda driver: driver.find_element(*LINK)).is_displayed()
    visitor.click(By.CSS_SELECTOR, ".hamburger")
    visitor.click(*LINK)
    assert visitor.stored("ngStorage-jwt")


def test_gestta_may_open_in_another_window(visitor, office):
    office.door("POST", "/onvio/settings", {"new_tab": True})
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.click(*LINK)
    visitor.wait(lambda driver: len(driver.window_handles) == 2)
    visitor.driver.switch_to.window(visitor.driver.window_handles[1])

    assert visitor.stored("ngStorage-jwt")
    assert "/app/" in visitor.driver.current_url


def test_a_stray_window_may_open_over_the_dashboard(visitor, office):
    office.door("POST", "/onvio/settings", {"popup": "window"})
    visitor.sign_in()
    visitor.wait(lambda driver: len(driver.window_handles) == 2)


def test_a_stray_box_may_lie_over_the_link_until_it_is_closed(visitor, office):
    office.door("POST", "/onvio/settings", {"popup": "dialog"})
    visitor.sign_in()
    visitor.wait(lambda driver: driver.find_element(By.ID, "news"))

    with pytest.raises(ElementClickInterceptedException):
        visitor.driver.find_element(*LINK).click()
    visitor.click(By.CSS_SELECTOR, "[role=dialog] [aria-label=Fechar]")
    visitor.click(*LINK)
    assert visitor.stored("ngStorage-jwt")


def test_a_captcha_may_stand_in_the_way(visitor, office):
    office.door("POST", "/onvio/settings", {"captcha": True})
    visitor.driver.get(f"{visitor.url}/auth/u/login")

    assert visitor.driver.find_elements(By.CSS_SELECTOR, "[data-captcha-provider]")
    assert not visitor.driver.find_elements(By.ID, "username")


def test_who_is_signed_in_is_led_past_the_door_until_the_session_ends(visitor, office):
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.driver.get(f"{visitor.url}/login/")
    visitor.at_dashboard()
    office.door("POST", "/onvio/settings", {"end_sessions": True})
    visitor.driver.get(f"{visitor.url}/staff/")

    visitor.wait(lambda driver: driver.find_element(By.ID, "trauth-continue-signin-btn"))


def test_an_account_may_enter_onvio_and_not_gestta(visitor, office):
    office.door("POST", "/onvio/settings", {"denied": True})
    visitor.sign_in()
    visitor.at_dashboard()
    visitor.click(*LINK)
    visitor.wait(lambda _: "sem acesso" in visitor.text())

    assert visitor.driver.execute_script("return localStorage.length") == 0


@pytest.mark.parametrize("values", [{"popup": "balloon"}, {"colour": "blue"}, {"menu": "sim, senhor"}], ids=str)
def test_a_setting_that_does_not_exist_is_refused(office, values):
    answer = requests.post(office.running.urls["control"] + "/onvio/settings", json=values, timeout=10)

    assert answer.status_code == 400
