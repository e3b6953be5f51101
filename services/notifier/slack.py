"""The one door to Slack: its errors become ours, named by what happens next."""

import logging
import re
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from services.notifier.message import MaybeSent, Message
from shared.errors import AuthRejected, Transient

TIMEOUT_SECONDS = 10
GAP_SECONDS = 1.0
"""Slack takes about one message a second per channel (docs.slack.dev, rate limits)."""
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_SENTENCES = {
    "invalid_auth": "o token do Slack não vale: gere outro em api.slack.com/apps e grave em SLACK_BOT_TOKEN",
    "not_authed": "falta o token do Slack: grave-o em SLACK_BOT_TOKEN",
    "token_revoked": "o token do Slack foi revogado: reinstale o aplicativo e grave o novo em SLACK_BOT_TOKEN",
    "token_expired": "o token do Slack expirou: gere outro e grave em SLACK_BOT_TOKEN",
    "account_inactive": "a conta do robô no Slack foi desativada: reinstale o aplicativo",
    "missing_scope": "falta ao aplicativo do Slack a permissão chat:write: acrescente-a e reinstale o aplicativo",
    "channel_not_found": "o canal de SLACK_CHANNEL não existe ou o robô não o vê: confira o nome ou convide o robô",
    "not_in_channel": "o robô não está no canal de SLACK_CHANNEL: convide-o com /invite",
    "is_archived": "o canal de SLACK_CHANNEL está arquivado: escolha outro",
}


class Slack:
    """One channel of one workspace. Threads may share it."""

    def __init__(self, *, api_url: str, token: str, channel: str) -> None:
        # The client would log each answer that it cannot read; here that is an error with a name.
        logger = logging.getLogger("slack_sdk")
        logger.setLevel(logging.CRITICAL)
        # Retries of its own would hide a Retry-After; the next beat is the retry.
        self._client = WebClient(
            token, base_url=f"{api_url}/", timeout=TIMEOUT_SECONDS, retry_handlers=[], logger=logger
        )
        self._channel = channel
        self._lock = threading.Lock()
        self._next = 0.0

    def who_am_i(self) -> str:
        """The bot's name and workspace. Raises as `post` does."""
        with self._lock:
            answer = _asked(self._client.auth_test)
        return f"{answer.get('user', '?')} em {answer.get('team', '?')}"

    def post(self, message: Message) -> str:
        """Post to the channel, at most one message a second; returns Slack's id of the message.

        Raises `Transient` (with what Retry-After asked for), `MaybeSent` when no answer came, and `AuthRejected` for
        an answer that only a person can change.
        """
        with self._lock:
            time.sleep(max(0.0, self._next - time.monotonic()))
            try:
                answer = _asked(
                    lambda: self._client.chat_postMessage(
                        channel=self._channel, text=message.text, blocks=list(message.blocks), unfurl_links=False
                    )
                )
            finally:
                self._next = time.monotonic() + GAP_SECONDS
        return str(answer["ts"])


def _asked(call: Callable[[], SlackResponse]) -> SlackResponse:
    try:
        return call()
    except SlackApiError as error:
        raise _named(error) from error
    except (SlackClientError, URLError) as error:
        # urllib wraps what goes wrong before the request is out; what comes after is raised as it is.
        raise Transient(f"Slack cannot be reached ({error})") from error
    except (HTTPException, OSError, ValueError) as error:
        raise MaybeSent(f"Slack gave no answer that can be read ({type(error).__name__})") from error


def _named(error: SlackApiError) -> Exception:
    answer = error.response
    status = int(answer.status_code)
    code = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        asked = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "30")
        seconds = float(asked) if str(asked).isdigit() else 30.0
        return Transient(f"Slack asks for a pause of {seconds:.0f} s", retry_after=seconds)
    if status >= 500 or code in _PASSING:
        return Transient(f"Slack answered {status} {code}")
    if not re.fullmatch(r"[a-z_]+", code):
        return MaybeSent(f"Slack answered {status} with something that is not its JSON")
    return AuthRejected(
        "slack", status, _SENTENCES.get(code, f"o Slack respondeu {code!r}: veja docs/runbook.md#slack")
    )
