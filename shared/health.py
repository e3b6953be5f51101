"""Is this process well? An HTTP answer on HEALTH_PORT, and `python -m shared.health` to ask it from a container."""

import json
import os
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Health:
    """What a process says of itself. It is well when nothing it depends on is named as wrong."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, str] = {"start": "not connected to the broker yet"}

    def wrong(self, what: str, why: str) -> None:
        """`what` does not work, because `why`."""
        with self._lock:
            self._wrong[what] = why

    def well(self, what: str) -> None:
        """`what` works (again)."""
        with self._lock:
            self._wrong.pop(what, None)

    def report(self) -> dict[str, Any]:
        """`{"ok": bool, "wrong": {what: why}}`."""
        with self._lock:
            return {"ok": not self._wrong, "wrong": dict(self._wrong)}


def serve(health: Health, port: int) -> None:
    """Answer `GET /health` on loopback from a daemon thread: 200 or 503 with the report. Port 0: not at all."""
    if port == 0:
        return

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            report = health.report()
            body = json.dumps(report).encode()
            self.send_response(200 if report["ok"] else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name in the standard library
            """Probes are not news."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()


def ask(port: int) -> int:
    """0 when the process behind `port` says it is well: an exit code."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=3):
            return 0
    except (urllib.error.URLError, OSError) as error:
        body = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
        sys.stderr.write(f"not well: {error} {body}\n")
        return 1


if __name__ == "__main__":
    sys.exit(ask(int(os.environ.get("HEALTH_PORT") or "8081")))
