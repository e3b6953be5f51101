"""The Slack simulator, spoken to by slack-sdk's own client."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from simulators.faults import Order
from simulators.serve import Running, start
from simulators.settings import on_free_ports
from simulators.slack import mrkdwn


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    settings = on_free_ports()
    with start(settings) as found:
        yield found


@pytest.fixture
def client(running: Running) -> WebClient:
    running.slack.clear()
    running.faults.clear()
    return WebClient(token="xoxb-simulated", base_url=running.urls["slack"] + "/api/")


def test_the_token_is_checked(client, running):
    assert client.auth_test()["user"] == "projeto-operacional"
    with pytest.raises(SlackApiError) as refused:
        WebClient(token="xoxb-other", base_url=running.urls["slack"] + "/api/").auth_test()
    assert refused.value.response["error"] == "invalid_auth"


@pytest.mark.parametrize("channel", ["operacional", "#operacional", "C0SIMULATED"])
def test_a_message_is_kept_with_its_time(client, running, channel):
    before = datetime.now(UTC)
    answer = client.chat_postMessage(channel=channel, text="Token do Gestta recusado")

    (message,) = running.slack.messages()
    assert (message["text"], message["ts"]) == ("Token do Gestta recusado", answer["ts"])
    assert before <= datetime.fromisoformat(message["at"]) <= datetime.now(UTC)


def test_two_messages_never_have_one_ts(client):
    assert len({client.chat_postMessage(channel="operacional", text="oi")["ts"] for _ in range(20)}) == 20


def test_an_unknown_channel_is_an_error_with_status_200(client):
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="outro", text="oi")

    assert refused.value.response.status_code == 200
    assert refused.value.response["error"] == "channel_not_found"


def test_a_message_can_be_changed_and_keeps_its_ts(client, running):
    ts = client.chat_postMessage(channel="operacional", text="aberto")["ts"]
    client.chat_update(channel="C0SIMULATED", ts=ts, text="resolvido")

    (message,) = running.slack.messages()
    assert (message["ts"], message["text"], "edited" in message) == (ts, "resolvido", True)


def test_changing_what_was_never_said_is_an_error(client):
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel="C0SIMULATED", ts="1.000001", text="x")

    assert refused.value.response["error"] == "message_not_found"


def test_the_history_is_newest_first_and_takes_a_limit(client):
    for text in ("um", "dois", "três"):
        client.chat_postMessage(channel="operacional", text=text)
    answer = client.conversations_history(channel="C0SIMULATED", limit=2)

    assert [message["text"] for message in answer["messages"]] == ["três", "dois"]
    assert answer["has_more"] is True


def test_a_rate_limit_says_when_to_come_back(client, running):
    running.faults.add(Order(system="slack", kind="429", args={"retry_after": 7}))
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="operacional", text="oi")

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "7"


def test_the_page_shows_messages_escaped_and_bold(client, running):
    client.chat_postMessage(channel="operacional", text="*Gestta* <script>alert(1)</script>")
    page = requests.get(running.urls["slack"] + "/", timeout=5).text

    assert "<b>Gestta</b> &lt;script&gt;" in page
    assert "<script>" not in page


def test_the_page_shows_what_blocks_say(client, running):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Falha* no Notion"}}]
    client.chat_postMessage(channel="operacional", text="resumo", blocks=blocks)

    assert "<b>Falha</b> no Notion" in requests.get(running.urls["slack"] + "/", timeout=5).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a &lt; b", "a &lt; b", id="escaped as Slack asks"),
        pytest.param("2*3*4", "2*3*4", id="stars inside a word are stars"),
        pytest.param("<https://x.example/t|abrir>", '<a href="https://x.example/t">abrir</a>', id="a link with words"),
        pytest.param("`a_b_c`", "<code>a_b_c</code>", id="code"),
    ],
)
def test_mrkdwn_reads_as_in_slack(text, shown):
    assert mrkdwn(text) == shown
