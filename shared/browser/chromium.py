"""One headless Chromium for one visit: it starts, and whatever happens, nothing of it stays behind."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import structlog
from selenium.common.exceptions import SessionNotCreatedException, WebDriverException
from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from shared.browser.errors import PageFailed

log = structlog.get_logger()

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIT_SECONDS = 6.0
PAGE_SECONDS, SCRIPT_SECONDS = 60, 20
FLAGS = (
    "--headless=new",
    # Chromium ends by itself when this pipe breaks, so it never outlives its driver.
    "--remote-debugging-pipe",
    "--disable-dev-shm-usage",
    "--window-size=1600,1000",
    "--lang=pt-BR",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)


class _Leashed(Service):
    """A chromedriver that the kernel kills together with us: SIGKILL leaves no time for a `finally`."""

    def __init__(self, driver: str) -> None:
        super().__init__(shutil.which("setpriv"), log_output=subprocess.DEVNULL, popen_kw={"start_new_session": True})
        self._driver = driver

    def command_line_args(self) -> list[str]:
        return ["--pdeathsig", "KILL", "--", self._driver, *super().command_line_args()]


def installed() -> str | None:
    """The Chromium of this machine, where there is one with its driver."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found if shutil.which("chromedriver") and shutil.which("setpriv") else None


@contextmanager
def browser(
    profile: Path, *, stop: threading.Event, seconds: float, hears_requests: bool = False
) -> Iterator[WebDriver]:
    """A browser with the kept `profile`; it is killed when `stop` is set or `seconds` have passed.

    With `hears_requests` it keeps a log of what its pages ask of the network.
    Commands of a killed browser raise `WebDriverException` or urllib3's `HTTPError`.
    Raises `PageFailed` where no browser can start.
    """
    if (binary := installed()) is None:
        raise PageFailed("não há Chromium nesta máquina: instale os pacotes chromium e chromium-driver")
    deadline = time.monotonic() + seconds
    profile.mkdir(parents=True, exist_ok=True)

    def start(*, sandbox: bool) -> AbstractContextManager[WebDriver]:
        options = _options(binary, profile, sandbox=sandbox, hears_requests=hears_requests)
        return _started(options, profile, stop, deadline)

    if os.getuid() == 0:
        # Chromium's own sandbox refuses root.
        with start(sandbox=False) as driver:
            yield driver
        return
    with _sandboxed_or_not(start, stop) as driver:
        yield driver


@contextmanager
def _sandboxed_or_not(
    start: Callable[..., AbstractContextManager[WebDriver]], stop: threading.Event
) -> Iterator[WebDriver]:
    visiting = False
    try:
        with start(sandbox=True) as driver:
            visiting = True
            yield driver
    except SessionNotCreatedException:
        if visiting or stop.is_set():
            raise
        log.info("the browser's sandbox cannot start here, going without")
        with start(sandbox=False) as driver:
            yield driver


@contextmanager
def _started(options: ChromeOptions, profile: Path, stop: threading.Event, deadline: float) -> Iterator[WebDriver]:
    unlock(profile)
    service = _Leashed(shutil.which("chromedriver") or "")
    over = threading.Event()
    driver: WebDriver | None = None
    try:
        service.start()
        group = service.process.pid
        watch = threading.Thread(target=_watch, args=(group, over, stop, deadline), name="browser watch", daemon=True)
        watch.start()
        driver = Remote(service.service_url, options=options)
        driver.set_page_load_timeout(PAGE_SECONDS)
        driver.set_script_timeout(SCRIPT_SECONDS)
        yield driver
    finally:
        over.set()
        _end(service, driver, stop)


def _options(binary: str, profile: Path, *, sandbox: bool, hears_requests: bool) -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = binary
    options.page_load_strategy = "eager"
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile.resolve()}")
    if not sandbox:
        options.add_argument("--no-sandbox")
    if hears_requests:
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    return options


def _watch(group: int, over: threading.Event, stop: threading.Event, deadline: float) -> None:
    # A driver's command may block for a minute; only the end of the browser ends it.
    while not over.wait(0.2):
        if stop.is_set() or time.monotonic() > deadline:
            _kill(group)
            return


def _end(service: Service, driver: WebDriver | None, stop: threading.Event) -> None:
    """Close in kindness, so that the profile keeps its cookies; then kill what is left of the group and reap it."""
    process = getattr(service, "process", None)
    if process is None:
        return
    over = threading.Event()
    threading.Thread(
        target=_watch, args=(process.pid, over, stop, time.monotonic() + QUIT_SECONDS), name="browser end", daemon=True
    ).start()
    if driver is not None:
        with suppress(WebDriverException, HTTPError, OSError):
            driver.quit()
    over.set()
    _kill(process.pid)
    process.wait(timeout=10)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def unlock(profile: Path) -> None:
    """Remove the lock that a crash left in the profile; end the robot's own browser if it still holds it.

    Raises `PageFailed` when a person has the profile open.
    """
    lock = profile / "SingletonLock"
    if not lock.is_symlink():
        return
    host, _, pid = str(lock.readlink()).rpartition("-")
    command = _command(int(pid)) if host == socket.gethostname() and pid.isdigit() else []
    if any(argument.endswith(str(profile.resolve())) for argument in command):
        if FLAGS[1] not in command:
            raise PageFailed(f"o perfil {profile} está aberto em outro Chromium (processo {pid}): feche-o")
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    lock.unlink(missing_ok=True)


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return []
