"""`--check`: this service's own settings and credentials, tried for real."""

import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.bi_refresher.portal.robot import Robot
from services.bi_refresher.refresh import RefreshFailed
from services.bi_refresher.refresh_log import PostgresRefreshLog
from shared.browser.chromium import installed
from shared.checks import Check
from shared.database.connection import WrongPassword, transaction
from shared.errors import AuthRejected, Outage, RoadClosed
from shared.messaging import rabbitmq


class Wrong(Exception):
    """It does not work; the sentence says what to do."""


def check(*, broker_url: str, engine: Engine, robot: Robot) -> Iterator[Check]:
    """Try everything, one after the other; the browser only where there is one, and a page that answers."""
    yield _tried("broker", lambda: _broker(broker_url))
    yield _tried("database", lambda: _database(engine))
    page = _tried("bi_page", lambda: _reachable(robot.url))
    yield page
    if page.ok and installed():
        yield _tried("bi_sign_in", lambda: _sign_in(engine, robot))


def _tried(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, True, ask())
    except Wrong as wrong:
        return Check(name, False, str(wrong))


def _broker(url: str) -> str:
    try:
        rabbitmq.connect(url, name="bi_refresher check").close()
    except (RoadClosed, rabbitmq.BrokerRefused) as error:
        raise Wrong(f"não consegui entrar no RabbitMQ: {error}. Confira AMQP_URL e AMQP_PASSWORD.") from error
    return "RabbitMQ aceita o usuário do atualizador."


def _database(engine: Engine) -> str:
    try:
        with transaction(engine) as connection:
            connection.execute(text("SELECT 1 FROM ops.refresh_requests LIMIT 1"))
    except WrongPassword as error:
        raise Wrong(
            f"o PostgreSQL recusou a senha do usuário {engine.url.username}: rode "
            "`python -m shared.database upgrade`, que define as senhas de novo, e confira DATABASE_PASSWORD."
        ) from error
    except Outage as error:
        raise Wrong(f"não consegui usar o PostgreSQL: {error}. Confira DATABASE_URL.") from error
    except DBAPIError as error:
        raise Wrong(
            "o PostgreSQL responde, mas o esquema não está lá: rode `python -m shared.database upgrade`."
        ) from error
    return f"PostgreSQL aceita o usuário {engine.url.username} e a senha."


def _reachable(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=20):  # noqa: S310  the settings let only http(s) through
            return "a página do BI responde."
    except urllib.error.HTTPError as error:
        with error:
            if error.code < 500 and error.code != 404:
                return f"a página do BI responde ({error.code})."
            raise Wrong(f"a página do BI responde {error.code}: confira BI_URL.") from error
    except OSError as error:
        raise Wrong(f"a página do BI não responde ({error}): confira BI_URL e a rede.") from error


def _sign_in(engine: Engine, robot: Robot) -> str:
    with ExitStack() as stack:
        try:
            alone = stack.enter_context(PostgresRefreshLog(engine).alone())
        except Outage:
            alone = False
        if not alone:
            # The kept profile may be in use by a refresh.
            robot = replace(robot, profile=Path(stack.enter_context(tempfile.TemporaryDirectory())))
        try:
            robot.look()
        except AuthRejected as refusal:
            raise Wrong(refusal.hint) from refusal
        except RefreshFailed as failure:
            raise Wrong(f"não encontrei o botão de atualizar: {failure.reason}.") from failure
    return "entrei na página do BI e encontrei o botão de atualizar (sem clicar)."
