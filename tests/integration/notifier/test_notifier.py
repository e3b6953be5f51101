"""The notifier as a process, on a real broker and database, before a Slack that keeps what it is told."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from urllib.error import HTTPError, URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, text

from local.ports import free as free_port
from shared import clock
from shared.contracts.envelope import first, replayed
from shared.contracts.events import AuthFailed, AuthRecovered, MessageParked, SourceFailed, TokenSupplied
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import encode
from simulators.faults import Order

pytestmark = pytest.mark.integration

REFUSED = AuthFailed(system="gestta", status=401, hint="expirou")
RECOVERED = AuthRecovered(system="gestta")


class Road:
    """The broker as the other services use it."""

    def __init__(self, url):
        self.url = url

    def say(self, *facts, at=None, replay=None):
        with rabbitmq.session(self.url, name="test") as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for fact in facts:
                envelope = first(fact, source="/services/test", time=at or clock.now(), event_id=str(uuid4()))
                if replay:
                    envelope = replayed(envelope, event_id=str(uuid4()), replay=replay)
                channel.basic_publish(
                    topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope)
                )

    def waiting(self):
        return rabbitmq.depth(self.url, ("notifier.incidents",), name="test")["notifier.incidents"]


@pytest.fixture
def environment(amqp_url, login_url, simulators):
    rabbitmq.declare(amqp_url)
    return os.environ | {
        "AMQP_URL": amqp_url,
        "DATABASE_URL": login_url("notifier"),
        "SLACK_API_URL": f"{simulators.urls['slack']}/api/",
        "SLACK_BOT_TOKEN": "xoxb-simulated",
        "SLACK_CHANNEL": "#operacional",
        "ALERT_GROUP_WAIT": "1s",
    }


@pytest.fixture
def start(environment):
    """Start a notifier; all are ended with the test."""
    started = []

    def begin(**settings):
        process = subprocess.Popen(
            [sys.executable, "-m", "services.notifier"], env=environment | settings, stdout=subprocess.DEVNULL
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def road(amqp_url, environment):
    return Road(amqp_url)


@pytest.fixture
def told(simulators, eventually):
    """Wait until as many messages are in the channel, and give their titles."""

    def titles(count):
        eventually(lambda: len(simulators.slack.messages()) >= count, within=20)
        return [message["text"] for message in simulators.slack.messages()]

    return titles


def test_a_dead_token_is_one_message_and_its_recovery_one(start, road, told, eventually):
    start()
    road.say(AuthRecovered(system="gestta"), REFUSED, REFUSED, SourceFailed(system="gestta", scope="s", reason="401"))
    assert told(1) == ["🔴 Gestta recusou a nossa credencial"]
    road.say(REFUSED, TokenSupplied(system="gestta", by="ana"), RECOVERED, RECOVERED)
    told(2)
    road.say(SourceFailed(system="notion", scope="s", reason="500"))

    assert told(3) == [
        "🔴 Gestta recusou a nossa credencial",
        "✅ Gestta voltou a aceitar a credencial",
        "🔴 Não estamos conseguindo ler Notion",
    ]
    eventually(lambda: road.waiting() == (0, 1))


def test_a_restart_says_nothing_again_and_goes_on_where_it_was(start, road, told, login_url, eventually):
    process = start()
    road.say(REFUSED)
    told(1)
    # What is killed between the send and its record may send once more, and rather that than never.
    eventually(lambda: _recorded(login_url("notifier")))
    process.kill()
    process.wait()
    road.say(REFUSED, RECOVERED)
    start()

    assert told(2) == ["🔴 Gestta recusou a nossa credencial", "✅ Gestta voltou a aceitar a credencial"]


def _recorded(url):
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(text("SELECT count(said_at) FROM ops.notifications")).scalar_one()


def test_what_a_replay_caused_and_what_is_over_at_once_is_said_to_nobody(start, road, told):
    start()
    parked = MessageParked(system="gestta", queue="q", event_id="e", event_type="t", reason="r", attempts=4)
    road.say(parked, replay="r1")
    now = clock.now()
    road.say(RECOVERED, at=now)
    road.say(REFUSED, at=now - timedelta(minutes=1))
    road.say(SourceFailed(system="notion", scope="s", reason="500"))

    assert told(1) == ["🔴 Não estamos conseguindo ler Notion"]


def test_slack_in_trouble_delays_a_message_and_loses_none(start, road, told, simulators):
    simulators.faults.add(Order(system="slack", kind="500", times=2))
    simulators.faults.add(Order(system="slack", kind="429", args={"retry_after": 1}))
    start()
    road.say(REFUSED)

    assert told(1) == ["🔴 Gestta recusou a nossa credencial"]


def test_a_stop_is_quick(start, road, eventually):
    process = start()
    eventually(lambda: road.waiting()[1] == 1, within=20)
    process.terminate()

    assert process.wait(timeout=10) == 0


def test_a_refused_login_leaves_the_vigil_alive_to_say_it(start, eventually):
    port = free_port()
    process = start(AMQP_PASSWORD="of-yesterday", HEALTH_PORT=str(port))

    def health():
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=3).close()
        except HTTPError as answer:
            return json.load(answer)["wrong"]
        except URLError:
            return {}

    eventually(lambda: "refused the login" in health().get("broker", ""), within=20)
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=10) == 0


def check(environment, **settings):
    done = subprocess.run(
        [sys.executable, "-m", "services.notifier", "--check"],
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_check_posts_by_the_way_of_real_alerts(environment, simulators):
    code, findings = check(environment)

    assert code == 0, findings
    assert all(finding["ok"] for finding in findings)
    assert [message["text"] for message in simulators.slack.messages()] == ["⚪ Teste do Projeto Operacional"]


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        pytest.param({"SLACK_BOT_TOKEN": "xoxb-other"}, "SLACK_BOT_TOKEN", id="token"),
        pytest.param({"SLACK_CHANNEL": "#nobody"}, "SLACK_CHANNEL", id="channel"),
        pytest.param({"DATABASE_PASSWORD": "wrong"}, "senha do banco", id="database password"),
        pytest.param({"AMQP_PASSWORD": "wrong"}, "RabbitMQ recusou o login", id="broker password"),
        pytest.param({"SLACK_CHANNEL": ""}, "SLACK_CHANNEL: is missing", id="a setting"),
    ],
)
def test_the_check_says_what_is_wrong_and_what_to_do(environment, settings, advice):
    code, findings = check(environment, **settings)

    assert code == 1
    (wrong,) = [finding["said"] for finding in findings if not finding["ok"]]
    assert advice in wrong
