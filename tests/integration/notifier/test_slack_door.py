"""Slack's answers become errors named by what happens next."""

import gc
import time

import pytest

from services.notifier.message import MaybeSent, Message
from services.notifier.slack import Slack
from shared.errors import AuthRejected, Transient
from simulators.faults import Order

pytestmark = pytest.mark.integration

HELLO = Message("olá", ({"type": "section", "text": {"type": "mrkdwn", "text": "olá"}},))


@pytest.fixture
def slack(simulators):
    return door(simulators)


def door(simulators, token="xoxb-simulated", channel="#operacional"):
    return Slack(api_url=f"{simulators.urls['slack']}/api", token=token, channel=channel)


def test_a_message_arrives_whole(slack, simulators):
    ts = slack.post(HELLO)

    (message,) = simulators.slack.messages()
    assert (ts, "olá") == (message["ts"], message["text"])
    assert list(HELLO.blocks) == message["blocks"]


def test_the_bot_says_who_it_is(slack):
    assert slack.who_am_i() == "projeto-operacional em Escritório Simulado"


def test_a_pause_that_slack_asks_for_is_handed_on(slack, simulators):
    simulators.faults.add(Order(system="slack", kind="429", args={"retry_after": 7}))

    with pytest.raises(Transient) as asked:
        slack.post(HELLO)

    assert asked.value.retry_after == 7
    slack.post(HELLO)


# slack-sdk leaves the socket of an answer that broke off to the garbage collector: let it be found here.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("500", Transient, id="500"),
        pytest.param("503", Transient, id="503"),
        pytest.param("html", MaybeSent, id="a proxy's page"),
        pytest.param("cut", MaybeSent, id="the connection is cut"),
    ],
)
def test_what_passes_is_transient(slack, simulators, kind, error):
    simulators.faults.add(Order(system="slack", kind=kind))

    with pytest.raises(error):
        slack.post(HELLO)
    gc.collect()


def test_nobody_at_the_address_is_transient_and_certainly_not_sent():
    with pytest.raises(Transient) as away:
        Slack(api_url="http://127.0.0.1:9/api", token="xoxb-x", channel="#x").post(HELLO)

    assert not isinstance(away.value, MaybeSent)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        pytest.param({"token": "xoxb-other"}, "SLACK_BOT_TOKEN", id="a token that is not valid"),
        pytest.param({"channel": "#nobody"}, "SLACK_CHANNEL", id="a channel that is not there"),
    ],
)
def test_what_a_person_must_mend_says_so(simulators, given, hint):
    with pytest.raises(AuthRejected) as refused:
        door(simulators, **given).post(HELLO)

    assert hint in refused.value.hint


def test_a_channel_gets_one_message_a_second(slack):
    slack.post(HELLO)
    started = time.monotonic()
    slack.post(HELLO)

    assert time.monotonic() - started > 0.8
