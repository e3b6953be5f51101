"""RabbitMQ's management API, as far as tests and the demo's check ask it."""

import base64
import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Management:
    """The API at `url` (its path `/api` included), for a user with the tag administrator."""

    url: str
    user: str
    password: str = field(repr=False)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer, or None where it is empty. Raises `urllib.error.URLError`."""
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self.url}/{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def add_vhost(self, name: str) -> None:
        """A vhost in which `user` may do everything."""
        self.ask("PUT", f"vhosts/{name}")
        self.ask("PUT", f"permissions/{name}/{self.user}", {"configure": ".*", "write": ".*", "read": ".*"})

    def drop_vhost(self, name: str) -> None:
        """The vhost with everything in it; open connections are closed."""
        self.ask("DELETE", f"vhosts/{name}")
