"""The way from both sources to the view, through real processes, with parts of it killed on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from local import broker as rabbitmq
from shared.messaging import rabbitmq as road

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
SHOWN = """
SELECT task_id, title, source_status, client_trade_name, client_manager
FROM bi.operational_panel WHERE source = 'gestta'
"""


class House:
    """Services as processes; each writes its log to a file of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], database: str) -> None:
        self.folder = folder
        self.environment = environment
        self.database = database
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        environment = {**os.environ, **self.environment}
        if "extractor" not in name:
            environment["DATABASE_URL"] = self.database
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        self.running.pop(name).wait()

    def stop(self, name: str) -> float | int:
        self.running[name].terminate()
        return self.running.pop(name).wait(timeout=12)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def stop_all(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def own_broker(private_folder: Path, absent: Callable[[str], None]) -> Iterator[rabbitmq.Broker]:
    """A broker of this test's own, since the test stops it."""
    if not rabbitmq.SERVER.exists():
        absent("no RabbitMQ on this machine: `make test` installs it")
    with rabbitmq.private(private_folder / "rabbitmq-e2e") as server:
        road.declare(server.url())
        yield server


@pytest.fixture
def house(tmp_path, own_broker, simulators, login_url) -> Iterator[House]:
    token = requests.post(f"{simulators.urls['control']}/gestta/token/issue?life=1h", timeout=10).json()["token"]
    environment = {
        "AMQP_URL": own_broker.url(),
        "LANDING_URL": str(tmp_path / "landing"),
        "TOKENS_DIR": str(tmp_path / "tokens"),
        "EXPORT_DIR": str(tmp_path / "exports"),
        "GESTTA_API_URL": simulators.urls["gestta"],
        "GESTTA_TOKEN": token,
        "GESTTA_EVERY": "3s",
        "GESTTA_FROM": "0",
        "GESTTA_TO": "0",
        "GESTTA_REQUESTS_PER_HOUR": "100000",
        "NOTION_API_URL": simulators.urls["notion"],
        "NOTION_TOKEN": "ntn_simulated",
        "NOTION_SOURCES": simulators.register.clients_database_id,
        "NOTION_EVERY": "5s",
        "NOTION_REQUESTS_PER_MINUTE": "3000",
    }
    house = House(tmp_path, environment, login_url("transformer"))
    yield house
    house.stop_all()


@pytest.mark.timeout(240)
def test_what_is_killed_on_the_way_loses_and_doubles_nothing(house, own_broker, simulators, engine, eventually):
    control = simulators.urls["control"]

    def view() -> list[tuple]:
        with engine.connect() as connection:
            return sorted((tuple(row) for row in connection.execute(text(SHOWN))), key=lambda row: row[0])

    def same_as_served() -> None:
        keys = ("task_id", "title", "source_status", "client_trade_name", "client_manager")
        rows = requests.get(f"{control}/truth/panel?from=2000-01-01&to=2100-12-31", timeout=30).json()["rows"]
        served = {row["task_id"]: tuple(row[key] for key in keys) for row in rows}
        shown = {row[0]: row for row in view()}
        # The view spans this year, and open tasks of any age that the search adds.
        wrong = [row for row in shown.values() if served.get(row[0]) != row]
        assert wrong[:3] == []
        assert [task for task in this_year if task not in shown][:3] == []

    year = requests.get(f"{control}/health", timeout=10).json()["now"][:4]
    for name in ("notion_extractor", "gestta_extractor", "transformer"):
        house.start(name)
    eventually(lambda: len(view()) > 100, within=60, every=0.5)

    house.kill("transformer")  # somewhere in a batch
    requests.post(f"{control}/world/advance?events=40", timeout=30)
    own_broker.control("stop_app")
    requests.post(f"{control}/world/advance?events=40", timeout=30)
    house.start("transformer")  # with the road closed
    own_broker.control("start_app")
    eventually(lambda: "handled" in house.log("transformer").rsplit("serving", 1)[-1], within=60, every=0.5)
    house.kill("transformer")
    house.start("transformer")

    span = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
    rows = requests.get(f"{control}/truth/panel", params=span, timeout=30).json()["rows"]
    this_year = {row["task_id"] for row in rows}
    assert len(this_year) > 100
    eventually(same_as_served, within=90, every=1)

    with engine.connect() as connection:
        doubled = connection.execute(
            text("SELECT event_id FROM ops.loads WHERE replay IS NULL GROUP BY event_id HAVING count(*) > 1")
        ).all()
    assert doubled == []
    for name in list(house.running):
        assert house.stop(name) == 0, f"{name} did not drain"
    assert '"level": "error"' not in house.log("transformer")
