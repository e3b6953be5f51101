"""An extractor as a process between a real broker and the simulated Gestta, seen from outside."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import requests

from shared import clock
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import Fact, RunNow, TokenSupplied
from shared.extraction.supplied import supply
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode
from simulators.gestta.tokens import SIGNING_KEY
from simulators.serve import Running

PASSWORD = "senha-marcada-7f3a"
EMAIL = "robo-marcado@escritorio.example"


@dataclass
class TokenOffice:
    """What is heard and what was called; `secrets` is all that must never be seen anywhere."""

    simulators: Running
    folder: Path
    amqp_url: str
    environment: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    heard: list[Envelope[Any]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=lambda: {PASSWORD, EMAIL})

    @property
    def tokens_dir(self) -> Path:
        return Path(self.environment["TOKENS_DIR"])

    @property
    def token_file(self) -> Path:
        return Path(self.environment["GESTTA_TOKEN_FILE"])

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "extractor.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.gestta_extractor", *arguments],
                env={**os.environ, **self.environment, **environment},
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0

    def log(self) -> str:
        return (self.folder / "extractor.log").read_text(encoding="utf-8")

    def issue(self, **query: str) -> str:
        """A new token of the office."""
        url = f"{self.simulators.urls['control']}/gestta/token/issue"
        token = str(requests.post(url, params=query, timeout=10).json()["token"])
        self.secrets.add(token)
        return token

    def made_like(self, token: str, **claims: Any) -> str:
        """A token that Gestta takes, with other claims."""
        known = jwt.decode(token, options={"verify_signature": False})
        made = jwt.encode(known | claims, SIGNING_KEY, algorithm="HS256")
        self.secrets.add(made)
        return made

    def turn(self, what: str, **values: Any) -> None:
        """The control door: `turn("gestta/settings", refuse_with=403)`."""
        answer = requests.post(f"{self.simulators.urls['control']}/{what}", json=values, timeout=10)
        answer.raise_for_status()

    def say(self, fact: Fact) -> str:
        """Publish a fact as somebody else; returns its id."""
        envelope = first(fact, source="/services/test", time=clock.now(), event_id=str(uuid4()))
        with (
            rabbitmq.session(self.amqp_url, name="test") as connection,
            rabbitmq.confirming(connection) as send,
        ):
            send(topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope))
        return envelope.id

    def run_now(self) -> None:
        self.say(RunNow(system="gestta", by="test"))

    def supply(self, text: str) -> str:
        """As the notifier does for a command in Slack; returns the fact's id."""
        supply(self.tokens_dir, "gestta", text)
        return self.say(TokenSupplied(system="gestta", by="slack"))

    def console(self, text: str) -> None:
        """As the analyst does."""
        subprocess.run(
            [sys.executable, "-m", "services.console", "token", "set", "gestta", "--stdin"],
            env={**os.environ, **self.environment, "DATABASE_URL": "postgresql://nobody@127.0.0.1/nothing"},
            input=text.encode(),
            check=True,
            capture_output=True,
        )

    def hears(self, kind: type[Any]) -> list[Any]:
        """The facts of a kind that were said so far."""
        return [envelope.data for envelope in self.envelopes(kind)]

    def envelopes(self, kind: type[Any]) -> list[Envelope[Any]]:
        with rabbitmq.session(self.amqp_url, name="test") as connection:
            channel = connection.channel()
            while (got := channel.basic_get("notifier.incidents", auto_ack=True))[0] is not None:
                self.heard.append(decode(got[2], content_type=got[1].content_type))
        return [envelope for envelope in self.heard if isinstance(envelope.data, kind)]

    def calls(
        self, path: str = "", *, status: int | None = None, since: datetime | None = None
    ) -> list[dict[str, Any]]:
        """What reached Gestta and was answered."""
        return [
            call
            for call in self.simulators.ledger.calls("gestta", since)
            if path in call["path"] and call["status"] and (status is None or call["status"] == status)
        ]

    def has_read_all(self, since: datetime | None = None) -> bool:
        """A run went to its last step: both statuses were searched."""
        return len(self.calls("/search", status=200, since=since)) >= 2

    def shown(self) -> str:
        """Everything that left the process: its log, what it said, what it landed."""
        said = [encode(envelope).decode() for envelope in self.heard]
        landed = [p.read_bytes().decode("utf-8", "replace") for p in (self.folder / "landing").rglob("*.json")]
        return "\n".join((self.log(), *said, *landed))
