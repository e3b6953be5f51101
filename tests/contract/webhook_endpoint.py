"""An endpoint for webhooks on this machine, as whoever subscribes runs one."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """Takes what is posted to it; answers with the statuses in `answers` first, then with 200."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.answers: deque[int] = deque()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.posted.append((dict(self.headers), body))
                self.send_response(endpoint.answers.popleft() if endpoint.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notion?from=office"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def token(self) -> str:
        return str(json.loads(self.posted[0][1])["verification_token"])

    @property
    def events(self) -> list[dict[str, Any]]:
        """All but the handshake, in the order in which they came."""
        return [json.loads(body) for _, body in self.posted[1:]]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
