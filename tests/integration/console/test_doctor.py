"""`console doctor`: everything that can be wrong, tried for real and said with what to do."""

import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from sqlalchemy import create_engine, text

from local.ports import free

pytestmark = [pytest.mark.integration, pytest.mark.timeout(200)]

NO_SUCH_PAGE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def environment(environment, simulators, tmp_path):
    """Settings of every service, all right, before the simulated outside world."""
    urls, told = simulators.urls, simulators.settings
    token = requests.post(f"{urls['control']}/gestta/token/issue?life=2h", timeout=10).json()["token"]
    return environment | {
        "NOTION_API_URL": urls["notion"],
        "NOTION_TOKEN": told.notion_token.get_secret_value(),
        "NOTION_SOURCES": simulators.register.clients_database_id,
        "GESTTA_API_URL": urls["gestta"],
        "GESTTA_TOKEN": token,
        "BI_URL": f"{urls['portal']}/groups/me/datasets/00000000-0000-4000-8000-0000000000b1/details",
        "BI_EMAIL": told.portal_email,
        "BI_PASSWORD": told.portal_password.get_secret_value(),
        "BI_PROFILE_DIR": str(tmp_path / "profile"),
        "SLACK_API_URL": f"{urls['slack']}/api/",
        "SLACK_BOT_TOKEN": told.slack_token.get_secret_value(),
        "SLACK_CHANNEL": told.slack_channel,
    }


@pytest.fixture
def examined(console):
    """`examined(AMQP_URL=…)`: what the doctor finds with these settings changed, as (ok, check, what it says)."""

    def examine(**changed: str) -> list[tuple[bool, str, str]]:
        told = console("doctor", **changed)
        lines = [line for line in told.output.splitlines() if line.startswith(("ok ", "ERRO "))]
        found = [(line.startswith("ok"), *line[5:].strip().split(": ", 1)) for line in lines]
        wrong = sum(not ok for ok, *_ in found)
        assert told.exit_code == (1 if wrong else 0)
        assert told.output.rstrip().endswith(f"{wrong} problema(s) encontrado(s)." if wrong else "Tudo certo.")
        return found

    return examine


def said(found, *words):
    """Whether one complaint has all these words; what was found is in the failure's report."""
    complaints = [f"{check}: {sentence}" for ok, check, sentence in found if not ok]
    print("\n".join(complaints))
    return any(all(word in complaint for word in words) for complaint in complaints)


@pytest.fixture
def stranger() -> Iterator[str]:
    """A Slack where the bot is a member of no channel."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            member = self.path.endswith("auth.test")
            body = json.dumps({"ok": True, "user": "robo"} if member else {"ok": False, "error": "not_in_channel"})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: the name is the standard library's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def empty_database(postgres, engine) -> Iterator[str]:
    """A database that nobody migrated, as the console's login (which `engine`'s template made)."""
    name = f"test_{secrets.token_hex(4)}"
    server = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.database(name, "console")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def test_where_all_is_well_everything_was_tried_and_the_channel_has_a_message(examined, road, simulators):
    found = examined()

    assert said(found) is False
    checks = {check for _, check, _ in found}
    assert {"settings", "broker", "topology", "database", "landing"} <= checks
    for service in ("notion_extractor", "gestta_extractor", "bi_refresher", "notifier"):
        assert service in checks
    assert len(simulators.slack.messages()) == 1


def test_what_was_never_declared_or_migrated_is_said_with_what_to_do(examined, empty_database):
    found = examined(DATABASE_URL=empty_database)

    assert said(found, "topology: falta `pipeline.events`", "python -m shared.messaging declare")
    assert said(found, "database: o banco responde, mas está vazio", "python -m shared.database upgrade")


def test_a_refused_login_is_told_from_a_server_that_is_away(examined, environment, road, tmp_path):
    file = tmp_path / "file"
    file.touch()
    broker, database = environment["AMQP_URL"], environment["DATABASE_URL"]

    found = examined(
        AMQP_URL="amqp://console:hunter2@" + broker.split("@")[1],
        DATABASE_URL="postgresql+psycopg2://console:hunter2@" + database.split("@")[1],
        LANDING_URL=f"{file}/landing",
    )

    assert said(found, "broker: o RabbitMQ recusou o acesso", "confira AMQP_URL e a senha")
    assert said(found, "database: a senha do banco está errada", "volume", "python -m shared.database upgrade")
    assert said(found, "landing: não consigo gravar em LANDING_URL", f"{file}/landing")
    assert not said(found, "hunter2")

    found = examined(
        AMQP_URL=f"amqp://console:hunter2@127.0.0.1:{free()}/x",
        DATABASE_URL=f"postgresql+psycopg2://console:hunter2@127.0.0.1:{free()}/x",
    )

    assert said(found, "broker: o RabbitMQ não responde", "AMQP_URL está certa?")
    assert said(found, "database: o PostgreSQL não responde")
    assert not said(found, "hunter2")


def test_what_the_outside_refuses_is_said_with_what_to_do(examined, road, stranger, simulators):
    found = examined(
        NOTION_TOKEN="ntn_another",
        GESTTA_TOKEN="eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2VncmVkbw",
        SLACK_API_URL=stranger,
        BI_URL=f"http://127.0.0.1:{free()}/",
    )

    assert said(found, "notion token", "recusou o token", "confira NOTION_TOKEN")
    assert said(found, "gestta token", "parece ser o `user-jwt`", "copie o valor inteiro de `ngStorage-jwt`")
    assert said(found, "O robô não está no canal de SLACK_CHANNEL", "convide-o com /invite")
    assert said(found, "bi_page", "não responde", "confira BI_URL e a rede")


def test_what_is_not_shared_unknown_or_missing_is_said_with_what_to_do(examined, road, chromium):
    found = examined(NOTION_SOURCES=NO_SUCH_PAGE, GESTTA_TOKEN="", SLACK_CHANNEL="another", BI_PASSWORD="another")

    assert said(found, f"notion source {NO_SUCH_PAGE}", "não foi compartilhada", "Conexões")
    assert said(found, "gestta token", "não há token", "console token set gestta", "GESTTA_EMAIL")
    assert said(found, "SLACK_CHANNEL não existe", "convide o robô")
    assert said(found, "bi_sign_in", "senha")


def test_a_setting_that_is_missing_or_malformed_is_named_and_the_rest_is_tried(examined, road):
    found = examined(AMQP_URL="nonsense", NOTION_SOURCES="", SLACK_BOT_TOKEN="", BI_URL="")

    assert said(found, "a configuração do console está errada", "corrija no .env", "AMQP_URL")
    assert said(found, "notion_extractor", "NOTION_SOURCES: falta")
    assert said(found, "notifier", "SLACK_BOT_TOKEN: falta")
    assert said(found, "bi_refresher", "BI_URL: falta")


def test_a_slack_token_that_is_refused_keeps_the_message_unsent(examined, road, simulators):
    found = examined(SLACK_BOT_TOKEN="xoxb-another")
    assert said(found, "notifier", "token do Slack não vale", "SLACK_BOT_TOKEN")
    assert simulators.slack.messages() == []
