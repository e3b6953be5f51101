"""The doctor: tries every setting and credential for real and says in words what is wrong and what to do.

What only a service can know (its token, its page, its channel) that service tries itself: `--check` in a process of
its own, so that services still do not import each other.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.console.settings import Settings
from shared.checks import Check, landing_works
from shared.database.connection import SCHEMA_VERSION, WrongPassword, connect, transaction
from shared.errors import Outage, RoadClosed
from shared.messaging import rabbitmq, topology
from shared.messaging.rabbitmq import BrokerRefused
from shared.settings import WRONG_SETTINGS, SettingsError, load

SERVICES = ("notion_extractor", "gestta_extractor", "bi_refresher", "notifier")
CHECK_SECONDS = 180


def examine() -> Iterator[Check]:
    """Every check, as soon as its answer is there."""
    for check in _everything():
        yield replace(check, said=in_words(check.said))


def in_words(said: str) -> str:
    """The list of wrong settings, which services print in English over several lines, as a line for the analyst."""
    before, listed, wrong = said.partition(WRONG_SETTINGS)
    if not listed:
        return said
    lines = [line.strip().replace(": is missing", ": falta") for line in wrong.strip().splitlines()]
    return f"{before}corrija no .env (.env.example mostra como): {'; '.join(lines)}"


def _everything() -> Iterator[Check]:
    try:
        settings = load(Settings)
    except SettingsError as error:
        yield Check("settings", False, f"a configuração do console está errada: {error}")
    else:
        yield Check("settings", True, "a configuração do console está completa")
        yield from _broker(settings)
        yield _database(settings)
        yield landing_works(settings.landing_url)
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        for found in pool.map(_service, SERVICES):
            yield from found


def _broker(settings: Settings) -> Iterator[Check]:
    try:
        with rabbitmq.session(settings.broker_url, name="doctor") as connection:
            yield Check("broker", True, "o RabbitMQ responde e aceita a senha")
            absent = rabbitmq.missing(connection, tuple(queue.name for queue in topology.queues()))
    except BrokerRefused as error:
        yield Check("broker", False, f"o RabbitMQ recusou o acesso: confira AMQP_URL e a senha ({error})")
    except RoadClosed as error:
        yield Check("broker", False, f"o RabbitMQ não responde: está no ar? AMQP_URL está certa? ({error})")
    else:
        if absent:
            yield Check("topology", False, f"falta `{absent}`: rode `python -m shared.messaging declare`")
        else:
            yield Check("topology", True, "filas e exchanges estão declaradas")


def _database(settings: Settings) -> Check:
    engine = connect(settings.warehouse_url, name="doctor")
    try:
        with transaction(engine) as connection:
            version = str(connection.execute(text("SELECT version_num FROM ops.schema_version")).scalar())
    except WrongPassword as error:
        return Check(
            "database",
            False,
            "a senha do banco está errada (talvez o volume seja mais antigo que a senha): "
            f"rode `python -m shared.database upgrade` de novo ({error})",
        )
    except Outage as error:
        return Check("database", False, f"o PostgreSQL não responde: {error}")
    except DBAPIError:
        return Check("database", False, "o banco responde, mas está vazio: rode `python -m shared.database upgrade`")
    finally:
        engine.dispose()
    if version < SCHEMA_VERSION:
        return Check("database", False, f"o esquema é {version}, precisa ser {SCHEMA_VERSION}: rode o `upgrade`")
    return Check("database", True, "o PostgreSQL responde, a senha confere e o esquema está atualizado")


def _service(name: str) -> list[Check]:
    command = [sys.executable, "-m", f"services.{name}", "--check"]
    # A service's health port is its own: a check beside a running service must not take it.
    environment = {**os.environ, "HEALTH_PORT": "0"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return [Check(name, False, f"a verificação de {name} não terminou em {CHECK_SECONDS} s")]
    found = [check for line in done.stdout.splitlines() if (check := _parse(name, line))]
    if found:
        return found
    said = (done.stderr or done.stdout).strip()[-600:]
    return [Check(name, False, f"a verificação de {name} não pôde começar: {said}")]


def _parse(service: str, line: str) -> Check | None:
    try:
        found = json.loads(line)
        name = str(found["check"]).removeprefix(f"{service}: ")
        return Check(f"{service}: {name}", bool(found["ok"]), str(found["said"]))
    except (ValueError, KeyError, TypeError):
        return None  # a line of its log
