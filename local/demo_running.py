"""The demo that runs, of either kind: its addresses, its logs, and whether each part is up."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import URL, make_url

from local import demo_compose, demo_processes
from local.demo_programs import DATABASE, SETTINGS
from local.environment import OWNER, ROOT
from local.management import Management
from local.preflight import Unfit
from local.supervisor import Supervisor

NOT_OURS = ("postgres", "rabbitmq")
"""Whose logs are not JSON lines and not written by us."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a check needs of a running demo."""

    kind: str
    control: str
    panel: str
    database: URL
    management: Management
    gap_seconds: float
    states: Callable[[], Mapping[str, str]]
    """Each part with `up`, `ended` (a one-shot that is done) or what is wrong with it."""
    logs: Callable[[], Mapping[str, list[str]]]


def find() -> Running:
    """The demo of this folder. Raises `Unfit` where none runs."""
    known = demo_processes.remembered()
    if known:
        supervisor = Supervisor(demo_processes.home(), known["supervisor"]["port"], known["supervisor"]["password"])
        if supervisor.answers():
            return _processes(known, supervisor)
    for project in (demo_compose.PROJECT, "operacional"):
        if any(container["Service"] == "simulators" for container in demo_compose.containers(project)):
            return of_compose(project)
    raise Unfit("no demo runs here: `make demo` starts one")


def _processes(known: dict[str, Any], supervisor: Supervisor) -> Running:
    def states() -> dict[str, str]:
        told = {name: _in_words(state) for name, state in supervisor.states().items()}
        return told | {name: _health(url) for name, url in known["health"].items() if told.get(name) == "up"}

    def logs() -> dict[str, list[str]]:
        files = {path.stem: path for path in Path(known["log"]).glob("*.log") if path.stem not in NOT_OURS}
        return {name: path.read_text(encoding="utf-8").splitlines() for name, path in files.items()}

    password = Path(known["database"]["DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    return Running(
        kind="processes",
        control=known["control"],
        panel=known["panel"],
        database=make_url(known["database"]["DATABASE_URL"]).set(password=password),
        management=Management(**known["management"]),
        gap_seconds=_seconds(known["gap"]),
        states=states,
        logs=logs,
    )


def of_compose(project: str) -> Running:
    """The demo that compose runs under this name."""

    def states() -> dict[str, str]:
        return {each["Service"]: _of_container(each) for each in demo_compose.containers(project)}

    def logs() -> dict[str, list[str]]:
        return {name: demo_compose.logs(name, project) for name in states() if name not in NOT_OURS}

    secrets = ROOT / "secrets"
    place = make_url(demo_compose.address("postgres", 5432, project))
    told = dict(line.split("=", 1) for line in SETTINGS.read_text(encoding="utf-8").splitlines() if "=" in line)
    return Running(
        kind=f"compose, project {project}",
        control=demo_compose.address("simulators", 9105, project),
        panel=demo_compose.address("panel", 8080, project),
        database=place.set(
            drivername="postgresql+psycopg2",
            username="console",
            password=(secrets / "db_console").read_text(encoding="utf-8").strip(),
            database=DATABASE,
        ),
        management=Management(
            demo_compose.address("rabbitmq", 15672, project) + "/api",
            OWNER,
            (secrets / f"amqp_{OWNER}").read_text(encoding="utf-8").strip(),
        ),
        gap_seconds=_seconds(told["BI_REFRESH_GAP"]),
        states=states,
        logs=logs,
    )


def _in_words(state: str) -> str:
    return {"RUNNING": "up", "EXITED": "ended"}.get(state, state)


def _health(url: str) -> str:
    try:
        answer = requests.get(url, timeout=5)
    except requests.RequestException as error:
        return type(error).__name__
    return "up" if answer.ok else json.dumps(answer.json()["wrong"], ensure_ascii=False)


def _of_container(told: Mapping[str, Any]) -> str:
    if told["State"] == "exited":
        return "ended" if told["ExitCode"] == 0 else f"ended with {told['ExitCode']}"
    if told["State"] != "running" or told["Health"] not in ("healthy", ""):
        return f"{told['State']} {told['Health']}".strip()
    return "up"


def _seconds(text: str) -> float:
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]
