"""`python -m services.notifier` (`--check` tries the settings and ends)."""

import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from services.notifier import check
from services.notifier.forget import forgetting
from services.notifier.notification_log import NotificationLog
from services.notifier.service import BROKER, DATABASE, Hear, Heartbeat, LookAround, Speak, Vigil, Voice
from services.notifier.settings import Settings
from services.notifier.slack import Slack
from shared import clock, health, log
from shared.contracts.events import FACTS
from shared.database.connection import connect, wait_for_schema
from shared.database.forget import EVERY
from shared.errors import Transient
from shared.messaging import rabbitmq
from shared.messaging.rabbitmq import Link
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service
from shared.messaging.topology import SUBSCRIPTIONS, dead_letters, subscribers
from shared.settings import load

QUEUE = "notifier.incidents"
SPEAK_EVERY = timedelta(seconds=1)
LOOK_EVERY = timedelta(seconds=15)
CALL_EVERY = timedelta(minutes=1)
VIGIL_SECONDS = 5.0
WATCHED = tuple(name for s in SUBSCRIPTIONS for name in (s.queue, dead_letters(s.queue)))
HEARD = tuple(fact for fact in FACTS if QUEUE in subscribers(f"{fact.TYPE}.any"))


def main() -> int:
    """Serve until told to stop."""
    if sys.argv[1:] == ["--check"]:
        return check.main()
    settings = load(Settings)
    log.configure(service="notifier", level=settings.log_level)
    state, link, stop = health.Health(), Link(), threading.Event()
    stop_on_signals(stop)
    health.serve(state, settings.health_port)
    engine = connect(settings.warehouse_url, name="notifier")
    incidents = NotificationLog(engine)
    slack = Slack(
        api_url=settings.slack_api_url,
        token=settings.slack_bot_token.get_secret_value(),
        channel=settings.slack_channel,
    )
    voice = Voice(slack, state)
    vigil = Vigil(
        {DATABASE: partial(_database_away, incidents, state), BROKER: partial(_broker_away, link)},
        voice,
        settings.alert_repeat_every,
    )
    # A thread of its own: it must speak also while the rest still waits for the database or the broker.
    threading.Thread(target=_keep, args=(vigil, state, stop), name="vigil", daemon=True).start()
    speak = Speak(incidents, voice, clock.now, settings.alert_group_wait, settings.alert_repeat_every)
    look = LookAround(incidents, lambda: rabbitmq.depth(settings.broker_url, WATCHED, name="notifier look"), clock.now)
    hear = Hear(incidents, vigil, clock.now)
    if not wait_for_schema(engine, stop):
        return 0
    run(
        Service(
            name="notifier",
            amqp_url=settings.broker_url,
            does=[
                On(QUEUE, dict.fromkeys(HEARD, hear), proves=("database",)),
                Every("speak", SPEAK_EVERY, speak),
                Every("look", LOOK_EVERY, look),
                Every("forget", EVERY, forgetting(engine, clock.now).beat),
                *_heartbeat(settings, state),
            ],
            stop=stop,
            health=state,
            link=link,
            stays_refused=True,
        )
    )
    engine.dispose()
    return 0


def _heartbeat(settings: Settings, state: health.Health) -> Iterator[Every]:
    if settings.heartbeat_url is not None:
        from services.notifier.watchman import Watchman

        yield Every("heartbeat", CALL_EVERY, Heartbeat(state, Watchman(settings.heartbeat_url).call))


def _database_away(incidents: NotificationLog, state: health.Health) -> str | None:
    try:
        incidents.answers()
    except Transient as error:
        state.wrong("database", str(error))
        return str(error)
    state.well("database")
    return None


def _broker_away(link: Link) -> str | None:
    return None if link.is_open else "nenhuma conexão com o RabbitMQ"


def _keep(vigil: Vigil, state: health.Health, stop: threading.Event) -> None:
    try:
        while not stop.wait(VIGIL_SECONDS):
            vigil.look(clock.now())
    finally:
        if not stop.is_set():
            state.wrong("vigil", "its thread died, see the log: restart the notifier")


if __name__ == "__main__":
    sys.exit(main())
