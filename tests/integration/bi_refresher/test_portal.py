"""The robot before the portal: what goes wrong in public robots, each tried with a real browser."""

import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest

from services.bi_refresher.portal.pages import ReportPage
from services.bi_refresher.refresh import Interrupted, RefreshFailed
from shared.browser.chromium import unlock
from shared.browser.errors import PageFailed
from shared.errors import AuthRejected

pytestmark = pytest.mark.integration


class Starts:
    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1


def outcomes(simulators):
    return [told["outcome"] for told in simulators.portal.refreshes.told(simulators.portal.clock())]


def browsers_of(robot):
    return [
        p for p in psutil.process_iter(["cmdline"]) if any(str(robot.profile) in a for a in p.info["cmdline"] or ())
    ]


def report_page(robot, simulators):
    return replace(robot, page=ReportPage(), url=f"{simulators.urls['portal']}/page/report", email="", password="")


def test_the_button_is_pressed_once_the_history_believed_and_the_next_visit_is_signed_in(robot, simulators):
    starts = Starts()
    robot.refresh(starts)
    assert outcomes(simulators) == ["completed"]
    assert starts.times == 2, "before the click, and when the history shows it"
    replace(robot, password="forgotten").refresh(Starts())
    assert outcomes(simulators) == ["completed", "completed"]
    assert browsers_of(robot) == []


def test_every_page_of_the_sign_in_a_banner_a_toast_and_the_other_language(robot, simulators, behave):
    behave(own_email_page=True, account_picker=True, cookie_banner=True, toast_seconds=6, language="en-US")
    robot.refresh(Starts())
    assert outcomes(simulators) == ["completed"]


def test_a_refresh_that_fails_later_is_a_failure_in_the_portal_s_words(robot, simulators, behave):
    behave(refresh_fails="O gateway está offline.")
    with pytest.raises(RefreshFailed, match="Com falha: O gateway está offline"):
        robot.refresh(Starts())


def test_a_click_that_the_portal_ignores_is_no_success(robot, behave):
    behave(refresh_ignored=True)
    with pytest.raises(RefreshFailed, match="ignorou o clique"):
        robot.refresh(Starts())


def test_while_another_refresh_runs_the_click_waits(robot, simulators):
    portal = simulators.portal
    portal.refreshes.ask("powerbi", portal.clock(), takes=timedelta(seconds=12))
    robot.refresh(Starts())
    assert outcomes(simulators) == ["completed", "completed"]


def test_a_wrong_password_is_given_once_and_no_evidence_holds_it(robot, simulators, tmp_path):
    with pytest.raises(AuthRejected, match="Sua conta ou senha está incorreta") as refused:
        replace(robot, password="marked-secret").refresh(Starts())
    assert refused.value.status == 401
    tried = [call for call in simulators.ledger.calls("portal") if call["path"] == "/login/password"]
    assert len(tried) == 1
    picture = tmp_path / "landing" / refused.value.evidence
    source = picture.with_suffix(".html").read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "passwordError" in source
    assert "marked-secret" not in source


def test_a_second_factor_asks_for_a_person(robot, behave):
    behave(second_factor=True)
    with pytest.raises(AuthRejected, match="segundo fator") as refused:
        robot.refresh(Starts())
    assert refused.value.status == 403


def test_a_portal_that_does_not_answer_is_named(robot):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RefreshFailed, match="ERR_CONNECTION_REFUSED"):
        replace(robot, url=f"http://127.0.0.1:{port}").refresh(Starts())


def test_a_visit_ends_at_its_deadline_with_evidence(robot, behave):
    behave(refresh_takes=timedelta(minutes=5))
    with pytest.raises(RefreshFailed, match="não terminou em 12 s") as failed:
        replace(robot, visit_seconds=12).refresh(Starts())
    assert failed.value.evidence


def test_any_page_with_a_button_and_a_time(robot, simulators, behave):
    page = report_page(robot, simulators)
    page.refresh(Starts())
    behave(refresh_fails="offline")
    with pytest.raises(RefreshFailed, match="Com falha"):
        page.refresh(Starts())
    behave(refresh_fails="")
    page.refresh(Starts())
    assert outcomes(simulators) == ["completed", "failed", "completed"]


def test_looking_presses_nothing(robot, simulators):
    robot.look()
    assert outcomes(simulators) == []


def test_a_stop_ends_the_visit_within_seconds_and_leaves_no_browser(robot, behave, eventually):
    behave(refresh_takes=timedelta(minutes=5))
    ended = []

    def visit():
        with pytest.raises(Interrupted):
            robot.refresh(Starts())
        ended.append(time.monotonic())

    thread = threading.Thread(target=visit)
    thread.start()
    eventually(lambda: len(browsers_of(robot)) > 0, within=60)
    robot.stop.set()
    stopped = time.monotonic()
    thread.join(15)
    assert ended
    assert ended[0] - stopped < 5
    eventually(lambda: browsers_of(robot) == [])


def test_a_hung_driver_does_not_hold_the_stop(robot, eventually):
    def visit():
        with pytest.raises(Interrupted):
            robot.refresh(Starts())

    thread = threading.Thread(target=visit)
    thread.start()
    eventually(lambda: len(browsers_of(robot)) > 0, within=60)
    try:
        for process in browsers_of(robot):
            # A starting browser has children that end by themselves.
            with suppress(psutil.NoSuchProcess):
                process.suspend()
    finally:
        robot.stop.set()
        thread.join(10)
    assert not thread.is_alive()
    eventually(lambda: browsers_of(robot) == [])


def test_a_lock_left_by_a_dead_browser_is_removed(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    for holder in (f"{socket.gethostname()}-{dead.pid}", "container-of-yesterday-7"):
        lock = tmp_path / "SingletonLock"
        lock.symlink_to(holder)
        unlock(tmp_path)
        assert not lock.is_symlink()


def test_a_person_s_browser_keeps_its_profile(tmp_path, eventually):
    person = subprocess.Popen(["/bin/sh", "-c", "sleep 60; :", f"--user-data-dir={tmp_path.resolve()}"])
    try:
        eventually(lambda: psutil.Process(person.pid).cmdline())
        (tmp_path / "SingletonLock").symlink_to(f"{socket.gethostname()}-{person.pid}")
        with pytest.raises(PageFailed, match="aberto em outro Chromium"):
            unlock(tmp_path)
        assert (tmp_path / "SingletonLock").is_symlink()
    finally:
        person.kill()
        person.wait()
