"""The demo without Docker: private servers, simulators and services under one supervisor, in the foreground."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import sleep
from types import FrameType
from typing import Any

import psycopg2

from local import broker, demo_programs, environment, packages, ports, postgres, preflight, program, supervisor
from local.demo_programs import DATABASE, KEPT_SERVICES, SIMULATED, Places
from local.folder import var
from local.preflight import Unfit
from local.program import MARK
from local.supervisor import OUTSIDE, SERVERS, SERVICES, STORY, Kept, Supervisor

DEFAULT_PORTS = {
    "PANEL_PORT": 8080,
    "SIM_GESTTA_PORT": 9101,
    "SIM_NOTION_PORT": 9102,
    "SIM_SLACK_PORT": 9103,
    "SIM_PORTAL_PORT": 9104,
    "SIM_CONTROL_PORT": 9105,
}
STOP_SECONDS = 60
STATE = "demo.json"


def home() -> Path:
    return var() / "demo"


def run() -> None:
    """Start everything, say what to open, stay until Ctrl-C or `make stop`. Raises `Unfit`."""
    with _only_one(), _interruptible():
        clear_leftovers()
        packages.ensure()
        preflight.check_folder(var(), [postgres.ACCOUNT, broker.ACCOUNT])
        chosen = _chosen_ports(os.environ)
        shutil.rmtree(home(), ignore_errors=True)
        (home() / "log").mkdir(parents=True)
        kept = supervisor.fresh(home())
        try:
            _start(kept, chosen)
            _stay(kept)
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
        finally:
            _finish(kept)
        print("everything that was started has ended", flush=True)


def _start(kept: Supervisor, chosen: Mapping[str, int]) -> None:
    environment.write_secrets(home() / "secrets")
    database = postgres.Postgres(home() / "postgres", password=_word("db_postgres"))
    rabbit = broker.with_secrets(home() / "rabbitmq", home() / "secrets")
    places = Places(
        home=home(),
        postgres_port=database.port,
        rabbitmq_port=rabbit.port,
        panel_port=chosen["PANEL_PORT"],
        simulated_ports={system: chosen[f"SIM_{system.upper()}_PORT"] for system in SIMULATED},
        health_ports={name: ports.free() for name in KEPT_SERVICES if name != "panel"},
    )
    told = demo_programs.settings(places, os.environ)
    say("preparing PostgreSQL and RabbitMQ")
    database.prepare()
    rabbit.prepare()
    servers = [Kept(each, SERVERS) for each in (database.program, *rabbit.programs)]
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept.start([*servers, *demo_programs.programs(places, told)], {MARK: str(home())}, clean)
    _remember(kept, places, told, rabbit)
    say("starting them, and the simulated outside world")
    kept.begin(SERVERS)
    kept.begin(OUTSIDE)
    database.wait()
    _create_database(database)
    _one_shot("shared.database", "upgrade", {**places.database("postgres"), "DATABASE_LOGINS_DIR": str(places.secrets)})
    rabbit.wait()
    _one_shot("shared.messaging", "declare", places.amqp(environment.OWNER))
    say("starting the services")
    kept.begin(SERVICES)
    kept.begin(STORY)
    _tell(places, told, rabbit)


def _one_shot(module: str, order: str, told: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, order],
        env={**os.environ, **told, "PYTHONPATH": str(demo_programs.ROOT), MARK: str(home())},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unfit(f"`python -m {module} {order}` failed: {(done.stderr or done.stdout).strip()}")


def _create_database(server: postgres.Postgres) -> None:
    connection = psycopg2.connect(
        host="127.0.0.1", port=server.port, user=postgres.SUPERUSER, password=server.password, dbname="postgres"
    )
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
    connection.close()


def _chosen_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """The ports people open. One that was asked for must be free; a default one that is taken moves, and is said."""
    asked = {name: int(environ[name]) for name in DEFAULT_PORTS if environ.get(name)}
    preflight.check_ports(asked)
    chosen = {}
    for name, port in DEFAULT_PORTS.items():
        chosen[name] = asked.get(name, port)
        if not ports.is_free(chosen[name]):
            chosen[name] = ports.free()
            say(f"port {port} is taken{ports.holder(port)}: using {chosen[name]} instead ({name} chooses another)")
    return chosen


def _stay(kept: Supervisor) -> None:
    while kept.answers():
        sleep(0.5)
    print("\nthe supervisor is gone: `make stop` was asked, or it was killed", flush=True)


def _finish(kept: Supervisor) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # A second Ctrl-C would leave half of it running.
        signal.signal(number, signal.SIG_IGN)
    kept.shut_down(STOP_SECONDS)
    program.end(home())


def clear_leftovers() -> None:
    """End what a demo that was killed left running; it is known by its mark."""
    ended = program.end(home())
    if ended:
        say(f"ended {ended} processes that an earlier demo had left behind")


def stop() -> int:
    """Stop the demo of this folder, whoever started it. Returns how many processes there were."""
    found = len(program.leftovers(home()))
    known = remembered()
    if found and known:
        Supervisor(home(), known["supervisor"]["port"], known["supervisor"]["password"]).shut_down(STOP_SECONDS)
    program.end(home())
    return found


def running() -> dict[str, Any] | None:
    """What the demo of processes that runs here wrote down of itself; None where none runs."""
    known = remembered()
    if known and Supervisor(home(), known["supervisor"]["port"], known["supervisor"]["password"]).answers():
        return known
    return None


def console(known: Mapping[str, Any], words: list[str]) -> int:
    """The console, told what the running demo's is told; its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "services.console", *words], env={**os.environ, **known["console"]}, check=False
    ).returncode


def remembered() -> dict[str, Any] | None:
    """What the newest demo of processes wrote down of itself."""
    try:
        known: dict[str, Any] = json.loads((home() / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return known


def _remember(kept: Supervisor, places: Places, told: Mapping[str, str], rabbit: broker.Broker) -> None:
    state = home() / STATE
    state.touch(mode=0o600)
    known = {
        "supervisor": {"port": kept.port, "password": kept.password},
        "control": places.simulated("control"),
        "panel": f"http://127.0.0.1:{places.panel_port}",
        "health": {name: f"http://127.0.0.1:{port}/health" for name, port in places.health_ports.items()},
        "management": asdict(rabbit.management),
        "database": {**places.database("console")},
        "console": demo_programs.environment("console", places, told),
        "gap": told["BI_REFRESH_GAP"],
        "log": str(home() / "log"),
    }
    state.write_text(json.dumps(known, indent=2), encoding="utf-8")


def _tell(places: Places, told: Mapping[str, str], rabbit: broker.Broker) -> None:
    login = f"-h 127.0.0.1 -p {places.postgres_port} -U bi_reader {DATABASE}"
    reader = f"PGPASSWORD={_word('db_bi_reader')} psql {login}"
    print(
        f"""
The demo runs. Open
  the panel                http://127.0.0.1:{places.panel_port}
  what Slack is told       {places.simulated("slack")}
  the BI portal            {told["BI_URL"]}   ({told["BI_EMAIL"]} / {told["BI_PASSWORD"]})
  RabbitMQ                 {rabbit.management.url.removesuffix("/api")}   ({rabbit.user} / {rabbit.password})
  the database             {reader}
                           and there the view bi.operational_panel
  the logs                 {home() / "log"}
Try
  make demo-check          asserts what this shows, in about two minutes
  make console ARGS=status the analyst's command line on this demo
  make stop, or Ctrl-C     ends it
""",
        flush=True,
    )


def _word(name: str) -> str:
    return (home() / "secrets" / name).read_text(encoding="utf-8").strip()


def say(sentence: str) -> None:
    print(sentence, flush=True)


@contextmanager
def _only_one() -> Iterator[None]:
    """The one demo of this folder. Raises `Unfit` while another one lives; the lock of a killed one is free."""
    try:
        var().mkdir(parents=True, exist_ok=True)
        lock = (var() / "demo.lock").open("w")
    except OSError as error:
        raise Unfit(f"{var()} cannot be written ({error.strerror}): see OPERACIONAL_VAR in the README") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unfit("a demo runs here already: open it, or `make stop` first") from None
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does; both also where a shell started it in the background, which ignores SIGINT."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
