"""Slack's Web API as slack-sdk calls it, with one channel, and a page that shows it as people would see it."""

import html
import json
import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from simulators.ledger import note
from simulators.world.calendar import BRASILIA

BOT = {"user": "U0SIMULATED", "bot_id": "B0SIMULATED", "team": "T0SIMULATED"}
CHANNEL_ID = "C0SIMULATED"

PAGE = """<!doctype html>
<html lang="pt-BR"><head><meta charset="utf-8"><title>#{channel} (Slack simulado)</title>
<meta http-equiv="refresh" content="5">
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1d1c1d }}
article {{ border-top: 1px solid #ddd; padding: .7rem 0; white-space: pre-wrap; overflow-wrap: anywhere }}
time, small {{ color: #616061; font-size: 12px }}
</style></head><body><h1>#{channel}</h1>
{messages}
</body></html>"""


class Slack:
    """The messages of one workspace's channel. Threads may share it."""

    def __init__(self, *, token: str, channel: str, clock: Callable[[], datetime]) -> None:
        self.token = token
        self.channel = channel.removeprefix("#")
        self._clock = clock
        self._lock = threading.Lock()
        self._messages: list[dict[str, Any]] = []
        self._last = 0.0

    def messages(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(message) for message in self._messages]

    def clear(self) -> None:
        with self._lock:
            self._messages.clear()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method}", self.call, methods=["GET", "POST"]),
                Route("/", self.page, methods=["GET"]),
            ]
        )

    async def call(self, request: Request) -> Response:
        asked = await _arguments(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or asked.get("token", "")
        if not token:
            return _error("not_authed")
        if token != self.token:
            return _error("invalid_auth")
        methods = {
            "auth.test": self.auth_test,
            "chat.postMessage": self.post_message,
            "chat.update": self.update,
            "conversations.history": self.history,
        }
        method = methods.get(request.path_params["method"])
        if method is None:
            request.scope["ledger"].violation = True
            return _error("unknown_method")
        answer = method(asked)
        if answer["ok"] and "messages" in answer:
            note(request.scope, [message["ts"] for message in answer["messages"]])
        return JSONResponse(answer)

    def _knows(self, channel: object) -> bool:
        return channel in (CHANNEL_ID, self.channel, f"#{self.channel}")

    def _next_ts(self) -> str:
        """Slack's message id: seconds and microseconds, never twice."""
        self._last = max(self._clock().timestamp(), self._last + 0.000001)
        return f"{self._last:.6f}"

    def auth_test(self, _asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "ok": True,
            "url": "https://escritorio-simulado.example/",
            "team": "Escritório Simulado",
            "user": "projeto-operacional",
            "team_id": BOT["team"],
            "user_id": BOT["user"],
            "bot_id": BOT["bot_id"],
            "is_enterprise_install": False,
        }

    def post_message(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not self._knows(asked.get("channel")):
            return {"ok": False, "error": "channel_not_found"}
        if not any(asked.get(key) for key in ("text", "blocks", "attachments")):
            return {"ok": False, "error": "no_text"}
        with self._lock:
            ts = self._next_ts()
            message = {"type": "message", "subtype": "bot_message", "ts": ts, **BOT, **_content(asked)}
            self._messages.append(message | {"at": self._clock().isoformat()})
        return {"ok": True, "channel": CHANNEL_ID, "ts": ts, "message": message}

    def update(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not self._knows(asked.get("channel")):
            return {"ok": False, "error": "channel_not_found"}
        with self._lock:
            for message in self._messages:
                if message["ts"] == asked.get("ts"):
                    message.update(_content(asked))
                    message["edited"] = {"user": BOT["user"], "ts": self._next_ts()}
                    message["edited_at"] = self._clock().isoformat()
                    text = message.get("text", "")
                    return {"ok": True, "channel": CHANNEL_ID, "ts": message["ts"], "text": text, "message": message}
        return {"ok": False, "error": "message_not_found"}

    def history(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Newest first, as Slack answers."""
        if not self._knows(asked.get("channel")):
            return {"ok": False, "error": "channel_not_found"}
        oldest, latest = float(asked.get("oldest") or 0), float(asked.get("latest") or "inf")
        limit = int(asked.get("limit") or 100)
        found = [message for message in reversed(self.messages()) if oldest < float(message["ts"]) < latest]
        return {"ok": True, "messages": found[:limit], "has_more": len(found) > limit, "pin_count": 0}

    async def page(self, _request: Request) -> Response:
        shown = "\n".join(_article(message) for message in self.messages()) or "<p>Nenhuma mensagem.</p>"
        return HTMLResponse(PAGE.format(channel=html.escape(self.channel), messages=shown))


def _content(asked: dict[str, Any]) -> dict[str, Any]:
    kept = {key: asked[key] for key in ("text", "blocks", "attachments", "thread_ts") if asked.get(key)}
    for key in ("blocks", "attachments"):
        if isinstance(kept.get(key), str):
            kept[key] = json.loads(kept[key])
    return kept


def _article(message: dict[str, Any]) -> str:
    when = datetime.fromtimestamp(float(message["ts"]), BRASILIA).strftime("%d/%m/%Y %H:%M:%S")
    edited = " <small>(editada)</small>" if "edited" in message else ""
    return f"<article><time>{when}</time>{edited}\n{mrkdwn(_readable(message))}</article>"


def _readable(message: dict[str, Any]) -> str:
    """What people read: the blocks' texts, or the text where there are none."""
    texts = [
        part["text"]
        for block in message.get("blocks", [])
        for part in (block.get("text"), *block.get("fields", []), *block.get("elements", []))
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    ]
    return "\n".join(texts) or str(message.get("text", ""))


def mrkdwn(text: str) -> str:
    """Slack's bold, italics, code and links as HTML; `&`, `<`, `>` come escaped by who wrote them, or not."""
    safe = html.escape(html.unescape(text), quote=False)
    safe = re.sub(
        r"&lt;(https?://[^|&\s\"]+)(?:\|([^&]*))?&gt;",
        lambda link: f'<a href="{html.escape(link[1])}">{link[2] or link[1]}</a>',
        safe,
    )
    safe = re.sub(r"(?<!\w)\*(\S(?:[^*\n]*\S)?)\*(?!\w)", r"<b>\1</b>", safe)
    safe = re.sub(r"(?<!\w)_(\S(?:[^_\n]*\S)?)_(?!\w)", r"<i>\1</i>", safe)
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", safe)


def _error(code: str) -> Response:
    return JSONResponse({"ok": False, "error": code})


async def _arguments(request: Request) -> dict[str, Any]:
    """Query, form or JSON: Slack takes all three, and slack-sdk sends now one, now another."""
    asked: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body())
        except ValueError:
            return asked
        return asked | body if isinstance(body, dict) else asked
    return asked | dict(parse_qsl((await request.body()).decode()))
