"""The door by which Notion's webhooks come in: one small endpoint behind somebody's HTTPS, shut unless it is wanted."""

import hmac
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog

from services.notion_extractor.webhook import Dirty, Handshake, is_signed, read

log = structlog.get_logger()

LARGEST = 1 << 20
SECONDS = 10.0


class Token:
    """The verification token: of the settings, else the first that Notion hands over, kept in TOKENS_DIR."""

    def __init__(self, folder: Path, given: str | None) -> None:
        self._path = folder / "notion.webhook"
        self._given = given

    def value(self) -> str | None:
        if self._given:
            return self._given
        try:
            return self._path.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def keep(self, token: str) -> None:
        """A person takes it from the file to Notion's page; it is never logged."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        part.touch(mode=0o660)
        part.write_text(token + "\n", encoding="utf-8")
        part.replace(self._path)
        log.info(
            "Notion handed over its verification token: paste it back into the connection's webhook page",
            file=str(self._path),
        )


class Server(ThreadingHTTPServer):
    """Each request has a thread that no stop waits for; a burst of events finds a place in the queue."""

    daemon_threads = True
    request_queue_size = 128


def serve(host: str, port: int, token: Token, dirty: Dirty) -> ThreadingHTTPServer:
    """Take webhooks from a daemon thread; port 0: any free one."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS
        server_version, sys_version = "webhooks", ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST:
                self._answer(413)
                return
            body = self.rfile.read(int(length))
            try:
                status = _take(body, self.headers.get("X-Notion-Signature"), token, dirty)
            except OSError as error:
                log.warning("the token of the webhooks can be neither read nor kept", reason=str(error))
                status = 503  # Notion posts it again
            self._answer(status)

        def do_GET(self) -> None:
            self._answer(405)

        do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_PUT = do_GET  # noqa: N815  the standard library names them so

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the standard library's name
            pass

    server = Server((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="webhooks", daemon=True).start()
    return server


def _take(body: bytes, signature: str | None, token: Token, dirty: Dirty) -> int:
    """The status to answer with. Whoever cannot sign learns nothing, and nobody replaces a token that is known."""
    posted, known = read(body), token.value()
    if known is None:
        if isinstance(posted, Handshake):
            token.keep(posted.token)
            return 200
        return 401
    if isinstance(posted, Handshake):
        if hmac.compare_digest(posted.token.encode(), known.encode()):
            return 200
        log.warning("another webhook token was handed over and not taken, the first one stays")
        return 403
    if not is_signed(body, signature, known):
        log.warning("a webhook that Notion did not sign was refused")
        return 401
    if posted is not None:
        dirty.heard(posted)
    return 200
