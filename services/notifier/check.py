"""`--check`: every setting and credential of the notifier tried for real, one JSON line each, for the doctor."""

from collections.abc import Callable, Iterator

from services.notifier import message
from services.notifier.notification_log import NotificationLog
from services.notifier.settings import Settings
from services.notifier.slack import Slack
from shared import clock
from shared.checks import Check, tell
from shared.database.connection import WrongPassword, connect
from shared.errors import AuthRejected, Outage, RoadClosed, Transient
from shared.messaging import rabbitmq
from shared.settings import SettingsError, load


def main() -> int:
    """Print what was found to stdout; 0 when all is well."""
    return tell(findings())


def findings() -> Iterator[Check]:
    """Settings, database, broker, Slack's token, and a real message by the way of real alerts."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        yield Check("notifier: configuração", False, f"Há configurações erradas; corrija-as no .env. {error}")
        return
    yield _tried("notifier: banco de dados", lambda: _database(settings))
    yield _tried("notifier: RabbitMQ", lambda: _broker(settings))
    slack = Slack(
        api_url=settings.slack_api_url,
        token=settings.slack_bot_token.get_secret_value(),
        channel=settings.slack_channel,
    )
    token = _tried("notifier: token do Slack", lambda: f"O token do Slack vale: {slack.who_am_i()}.")
    yield token
    if token.ok:
        yield _tried("notifier: mensagem no Slack", lambda: _post(slack, settings.slack_channel))


def _tried(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except WrongPassword as error:
        advice = "A senha do banco está errada: rode `python -m shared.database upgrade`, que a grava de novo."
        return Check(name, False, f"{advice} ({error})")
    except Outage as error:
        return Check(
            name, False, f"O banco de dados não responde: verifique DATABASE_URL e se ele está no ar. ({error})"
        )
    except rabbitmq.BrokerRefused as error:
        return Check(name, False, f"O RabbitMQ recusou o login: confira AMQP_URL e a senha. ({error})")
    except RoadClosed as error:
        return Check(name, False, f"O RabbitMQ não responde: verifique AMQP_URL e se ele está no ar. ({error})")
    except AuthRejected as error:
        return Check(name, False, f"{error.hint[:1].upper()}{error.hint[1:]}.")
    except Transient as error:
        return Check(name, False, f"O Slack não responde agora: confira SLACK_API_URL e a rede. ({error})")


def _database(settings: Settings) -> str:
    engine = connect(settings.warehouse_url, name="notifier check")
    try:
        NotificationLog(engine).unfinished(now=clock.now())
    finally:
        engine.dispose()
    return "O banco de dados aceita o login e tem as tabelas de avisos."


def _broker(settings: Settings) -> str:
    with rabbitmq.session(settings.broker_url, name="notifier check"):
        return "O RabbitMQ aceita o login."


def _post(slack: Slack, channel: str) -> str:
    slack.post(message.trial(now=clock.now()))
    return f"Uma mensagem de teste foi publicada em {channel}."
