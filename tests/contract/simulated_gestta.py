"""A simulated Gestta to be read, and a reader's habits."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from pydantic import SecretStr

from simulators.serve import Running, start
from simulators.settings import Settings

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
QUARTER = ("2026-10-01", "2026-12-31")
QUARTERS = (("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31"))
LOGIN, ME = "/core/login", "/core/company/user/me"
REPORT, SEARCH, TASK = "/core/customer/task/report", "/core/customer/task/search", "/core/customer/task"
PASSWORD = "certa"


class Office:
    """One simulator, the clock it goes by, and a living token."""

    def __init__(self, running: Running, clock: list[datetime]) -> None:
        self.running = running
        self.clock = clock
        self.token = running.gestta.tokens.issue(timedelta(hours=1)).token

    def call(self, method: str, path: str, *, token: str | None = None, **given: Any) -> requests.Response:
        headers = {"Authorization": f"JWT {token or self.token}"}
        given = {"timeout": 20, "allow_redirects": False, **given}
        return requests.request(method, self.running.urls["gestta"] + path, headers=headers, **given)

    def report(self, first: str = QUARTER[0], last: str = QUARTER[1], **given: Any) -> requests.Response:
        """Of whole Brazilian days, or of moments where the texts name them."""
        start, end = (text if "T" in text else text + rest for text, rest in ((first, "T00:00:00-03:00"), (last, END)))
        body = {
            "type": "CUSTOMER_TASK",
            "filter": "CURRENT_MONTH",
            "dates": {"startDate": start, "endDate": end},
        }
        return self.call("POST", REPORT, json=body, **given)

    def rows(self, first: str = QUARTER[0], last: str = QUARTER[1]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report(first, last).json()
        return found

    def year(self) -> list[dict[str, Any]]:
        """Every row of 2026, in four blocks."""
        return [row for first, last in QUARTERS for row in self.rows(f"2026-{first}", f"2026-{last}")]

    def search(self, **body: Any) -> Any:
        return self.call("POST", SEARCH, json=body).json()

    def task(self, task_id: str) -> requests.Response:
        return self.call("GET", f"{TASK}/{task_id}")

    def login(self, password: str = PASSWORD) -> requests.Response:
        return self.call("POST", LOGIN, json={"email": self.running.gestta.account.email, "password": password})

    def door(self, method: str, path: str, body: object = None) -> Any:
        """What the control door answers; a refusal there is a failure here."""
        answer = requests.request(method, self.running.urls["control"] + path, json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def behave(self, **values: Any) -> None:
        self.door("POST", "/gestta/settings", values)

    def fault(self, kind: str, **more: Any) -> None:
        self.door("POST", "/faults", {"system": "gestta", "kind": kind, "path": REPORT, "times": 0, **more})

    def truth(self, first: str = "1900-01-01", last: str = "2999-12-31") -> dict[str, dict[str, Any]]:
        tasks: dict[str, dict[str, Any]] = self.door("GET", f"/truth/gestta?from={first}&to={last}")["tasks"]
        return tasks

    def marks(self) -> dict[str, int]:
        """What the ledger counts of Gestta's calls by name."""
        found: dict[str, int] = self.door("GET", "/ledger/summary")["marks"].get("gestta", {})
        return found


END = "T23:59:59-03:00"


@contextmanager
def an_office(**settings: Any) -> Iterator[Office]:
    """A small one on free ports whose world stands still."""
    clock = [NOW]
    chosen: dict[str, Any] = {
        "gestta_port": 0, "notion_port": 0, "slack_port": 0, "portal_port": 0, "control_port": 0,
        "tasks_per_quarter": 600, "clients": 70, "people": 15, "events_per_minute": 0,
        "gestta_password": SecretStr(PASSWORD), **settings,
    }  # fmt: skip
    with start(Settings(**chosen), lambda: clock[0]) as running:
        yield Office(running, clock)
