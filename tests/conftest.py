"""Real parts for tests: a vhost, a database, a small outside world each; servers once a session, when first asked."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, make_url, text
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from local import broker as rabbitmq
from local import postgres as postgresql
from local import program
from local.folder import var
from local.management import Management
from local.preflight import Unfit, check_folder
from shared.browser.chromium import installed
from shared.database.upgrade import LOGINS, upgrade
from simulators import serve
from simulators.settings import on_free_ports

TEMPLATE = "operacional_template"
# Nothing here is timed: a machine that others use would make an example fail that is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@dataclass(frozen=True, slots=True)
class Rabbit:
    """A running RabbitMQ that tests may fill with vhosts."""

    host: str
    management: Management

    def url(self, vhost: str) -> str:
        return f"amqp://{self.management.user}:{self.management.password}@{self.host}/{vhost}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL that tests may fill with databases, with a template and the logins' passwords."""

    url: str
    passwords: dict[str, str]

    def database(self, name: str, login: str | None = None) -> str:
        """SQLAlchemy's address of a database, as the superuser or as one of the house's logins."""
        address = make_url(self.url).set(database=name)
        if login:
            address = address.set(username=login, password=self.passwords[login])
        return address.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def private_folder() -> Iterator[Path]:
    """A folder of this session under ./var; those of sessions that died, and their servers, go first."""
    try:
        check_folder(var() / "test", [rabbitmq.ACCOUNT, postgresql.ACCOUNT])
    except Unfit as unfit:
        _absent(str(unfit))
    me = psutil.Process()
    for old in (var() / "test").iterdir():
        if not _session_lives(old.name):
            for server in ("postgres", "rabbitmq"):
                program.end(old / server)
            shutil.rmtree(old, ignore_errors=True)
    folder = var() / "test" / f"{me.pid}-{me.create_time():.0f}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _session_lives(name: str) -> bool:
    pid, _, born = name.partition("-")
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" == born
    except (psutil.Error, ValueError):
        return False


def _absent(reason: str) -> None:
    """What is absent is skipped on a laptop and fails in CI: a suite that skips its broker there is green paint."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def absent() -> Callable[[str], None]:
    """`absent("no engine answers")`: skips on a laptop, fails in CI."""
    return _absent


@pytest.fixture(scope="session")
def chromium(absent: Callable[[str], None]) -> None:
    """Nothing but that there is one."""
    if installed() is None:
        absent("no Chromium on this machine: install the packages chromium and chromium-driver")


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[Rabbit]:
    """RabbitMQ: that of TEST_AMQP_URL and TEST_RABBITMQ_API (`http://host:15672/api`), else a private one."""
    named = os.environ.get("TEST_AMQP_URL")
    if named:
        address = make_url(named)
        api = os.environ["TEST_RABBITMQ_API"].rstrip("/")
        user, password = address.username or "guest", str(address.password or "guest")
        yield Rabbit(f"{address.host}:{address.port or 5672}", Management(api, user, password))
        return
    if not rabbitmq.SERVER.exists():
        _absent("no RabbitMQ on this machine: `make test` installs it, TEST_AMQP_URL names another")
    folder: Path = request.getfixturevalue("private_folder")
    with rabbitmq.private(folder / "rabbitmq") as server:
        yield Rabbit(f"127.0.0.1:{server.port}", server.management)


@pytest.fixture
def amqp_url(broker: Rabbit) -> Iterator[str]:
    """A vhost of this test's own."""
    vhost = f"test-{secrets.token_hex(4)}"
    broker.management.add_vhost(vhost)
    yield broker.url(vhost)
    broker.management.drop_vhost(vhost)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """PostgreSQL: that of TEST_DATABASE_URL (a superuser), else a private one; with a migrated template database."""
    passwords = {login: f"{login}-{secrets.token_hex(8)}" for login in LOGINS}
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        url = make_url(named).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        yield _with_template(Cluster(url, passwords))
        return
    if postgresql.programs() is None:
        _absent("no PostgreSQL on this machine: `make test` installs it, TEST_DATABASE_URL names another")
    folder: Path = request.getfixturevalue("private_folder")
    with postgresql.private(folder / "postgres", durable=False) as server:
        yield _with_template(Cluster(server.url(), passwords))


def _with_template(cluster: Cluster) -> Cluster:
    _order(cluster, f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}")
    upgrade(cluster.database(TEMPLATE), passwords=cluster.passwords)
    return cluster


def _order(cluster: Cluster, *statements: str) -> None:
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def database_url(postgres: Cluster) -> Iterator[str]:
    """A migrated, empty database of this test's own; SQLAlchemy's address, as the superuser."""
    name = f"test_{secrets.token_hex(4)}"
    _order(
        postgres,
        f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}",
        # A copy does not inherit who may connect and make temporary tables.
        f"UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database WHERE datname = '{TEMPLATE}')"
        f" WHERE datname = '{name}'",
    )
    yield postgres.database(name)
    _order(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def login_url(postgres: Cluster, database_url: str) -> Callable[[str], str]:
    """The same database as one of the house's logins: `login_url("transformer")`."""
    name = make_url(database_url).database or ""
    return lambda login: postgres.database(name, login)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Its engine, as the superuser."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def simulators() -> Iterator[serve.Running]:
    """A small outside world on free ports that stands still until its control door moves it."""
    settings = on_free_ports(tasks_per_quarter=300, clients=40, people=8)
    with serve.start(settings) as running:
        yield running


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """`eventually(condition, within=10)`: asked again until it is truthy or no longer fails an assertion."""

    def wait(condition: Callable[[], Any], *, within: float = 10, every: float = 0.05) -> Any:
        def once() -> Any:
            result = condition()
            assert result is None or result, f"still {result!r} after {within} s"
            return result

        return Retrying(
            stop=stop_after_delay(within),
            wait=wait_fixed(every),
            retry=retry_if_exception_type(AssertionError),
            reraise=True,
        )(once)

    return wait
