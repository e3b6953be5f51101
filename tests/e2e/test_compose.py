"""The whole system through docker compose, as a newcomer starts it, and with parts of it killed on the way."""

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text

from local import demo_check, demo_compose, environment, ports
from local.demo import engine_answers
from local.demo_check import Promise, table
from local.demo_running import Running, of_compose

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1200)]

PROJECT = "operacional-test"
QUEUE = "transformer.raw_data_ready"
PORTS = ("POSTGRES", "RABBITMQ_MANAGEMENT", "PANEL", "SIM_SLACK", "SIM_PORTAL", "SIM_CONTROL")
DRAINING = ("notion_extractor", "gestta_extractor", "transformer", "bi_refresher", "notifier", "panel")
DOUBLED = """
SELECT event_id, count(*) FROM ops.loads WHERE replay IS NULL GROUP BY event_id HAVING count(*) > 1
UNION ALL SELECT batch_ref, count(*) FROM ops.loads WHERE replay IS NULL GROUP BY batch_ref HAVING count(*) > 1
"""
Compose = Callable[..., str]


@pytest.fixture(scope="module")
def compose(absent: Callable[[str], None]) -> Iterator[Compose]:
    """`compose("up", …)` in a project of this test's own, on ports of its own; torn down whatever happens."""
    if not engine_answers():
        absent("no Docker engine with compose answers")
    environment.write_secrets(demo_compose.ROOT / "secrets")
    told = {f"{name}_PORT": str(ports.free()) for name in PORTS} | {"OPERACIONAL_SETTINGS": "local/demo.env"}

    def order(*words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["docker", "compose", "--project-name", PROJECT, "--profile", "demo", *words],
            cwd=demo_compose.ROOT,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"compose {words[0]}: {(done.stdout + done.stderr)[-3000:]}", pytrace=False)
        return done.stdout

    def tear_down() -> None:
        order("down", "--volumes", "--remove-orphans", "--timeout", "10", check=False)

    tear_down()
    try:
        yield order
    finally:
        tear_down()


@pytest.fixture(scope="module")
def built(compose: Compose) -> None:
    """The demo's images."""
    compose("build", "--quiet")


@pytest.fixture
def demo(built: None, compose: Compose) -> Running:
    """The demo, healthy: whatever the test before did to it."""
    try:
        compose("up", "--wait", "--wait-timeout", "600", "--quiet-pull")
    except pytest.fail.Exception:
        print(compose("ps", "--all", check=False), compose("logs", "--tail", "20", check=False))
        raise
    return of_compose(PROJECT)


def kept(promises: list[Promise]) -> bool:
    """Whether all are; the table of them is in the failure's report."""
    print(table(promises))
    return all(promise.ok for promise in promises)


def asked(demo: Running, statement: str) -> list[Any]:
    engine = create_engine(demo.database)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(statement)))
    finally:
        engine.dispose()


def test_it_comes_up_healthy_and_keeps_its_promises(demo):
    assert kept(list(demo_check.check(demo)))


def test_a_broker_restarted_and_a_transformer_killed_in_mid_flow_lose_and_double_nothing(compose, demo, eventually):
    def waiting() -> int:
        return int(demo.management.ask("GET", f"queues/operacional/{QUEUE}").get("messages", 0))

    def advance() -> None:
        requests.post(f"{demo.control}/world/advance?events=150", timeout=60).raise_for_status()

    def signalled(name: str) -> None:
        # Every process of the container but its init: compose's own `kill` would not be restarted.
        compose("exec", "--no-TTY", "transformer", "bash", "-c", f"kill -{name} -1", check=False)

    loads = len(asked(demo, "SELECT 1 FROM ops.loads"))
    signalled("STOP")
    advance()
    eventually(lambda: waiting() >= 2, within=240, every=1)  # one in its hand, one behind
    compose("restart", "rabbitmq")
    advance()
    signalled("KILL")

    eventually(lambda: all(promise.ok for promise in demo_check.parts(demo)), within=240, every=2)
    eventually(lambda: len(asked(demo, "SELECT 1 FROM ops.loads")) > loads + 2, within=240, every=1)
    assert kept([*demo_check.panel_rows(demo), demo_check.dead_letters(demo)])
    assert asked(demo, DOUBLED) == []


def test_every_service_ends_by_itself_within_its_grace_period(compose, demo):
    compose("stop", *DRAINING)
    ended = {each["Service"]: each["ExitCode"] for each in demo_compose.containers(PROJECT)}
    # 137 would be SIGKILL. 143: uvicorn, once it is done, ends by the signal that it was sent. 142: by SIGALRM.
    assert [name for name in DRAINING if ended[name] not in (0, 142, 143)] == []
