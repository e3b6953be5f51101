"""The extractor as a process, on a real broker."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika
import pytest

from shared.extraction.supplied import supply
from shared.landing import Landing
from shared.messaging import rabbitmq as road
from simulators.serve import Running

pytestmark = pytest.mark.integration


@dataclass(slots=True)
class House:
    """A broker, a simulated Notion, and the extractor's environment."""

    amqp_url: str
    world: Running
    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def notion_token(self) -> str:
        return self.world.settings.notion_token.get_secret_value()

    @property
    def token_file(self) -> Path:
        return self.folder / "notion_token"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "AMQP_URL": self.amqp_url,
            "LANDING_URL": str(self.folder / "landing"),
            "TOKENS_DIR": str(self.folder / "tokens"),
            "NOTION_API_URL": self.world.urls["notion"],
            "NOTION_TOKEN_FILE": str(self.token_file),
            "NOTION_SOURCES": self.world.register.clients_database_id,
            "NOTION_REQUESTS_PER_MINUTE": "6000",
            "LOG_LEVEL": "WARNING",
            **more,
        }

    def start(self, **more: str) -> None:
        self.started.append(
            subprocess.Popen([sys.executable, "-m", "services.notion_extractor"], env=self.environment(**more))
        )

    def once(self, **more: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "services.notion_extractor", "--once"],
            env=self.environment(**more),
            timeout=60,
            check=False,
        ).returncode

    def batches(self) -> list[str]:
        return [manifest.kind for manifest in Landing(str(self.folder / "landing")).manifests("notion")]

    def calls(self) -> list[dict[str, Any]]:
        return self.world.ledger.calls("notion", None)


@pytest.fixture
def house(amqp_url: str, simulators: Running, tmp_path: Path) -> Iterator[House]:
    road.declare(amqp_url)
    house = House(amqp_url, simulators, tmp_path)
    house.token_file.write_text(house.notion_token)
    yield house
    for process in house.started:
        process.terminate()
        process.wait(timeout=12)


@pytest.fixture
def heard(amqp_url: str) -> Iterator[list[str]]:
    """The types of all facts, as they are said."""
    said: list[str] = []
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    road.declare(amqp_url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "pipeline.events", "#")
    stop = threading.Event()

    def listen() -> None:
        for _method, _properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.1):
            if body:
                said.append(json.loads(body)["type"].removeprefix("operacional."))
            if stop.is_set():
                return

    thread = threading.Thread(target=listen)
    thread.start()
    yield said
    stop.set()
    thread.join()
    connection.close()


def test_once_reads_everything_says_it_and_ends(house: House, heard: list[str], eventually: Callable[..., object]):
    assert house.once() == 0
    assert sorted(house.batches()) == ["full", "lookup"]
    eventually(lambda: heard.count("raw_data.ready.v1") == 2)
    assert "auth.recovered.v1" in heard


def test_once_tries_the_supplied_token_that_lies_there(house: House):
    house.token_file.write_text("bad")
    supply(house.folder / "tokens", "notion", house.notion_token)
    assert house.once() == 0
    assert (house.folder / "tokens" / "notion.token").exists()


def test_once_says_by_its_code_that_the_token_is_refused(house: House, heard: list[str], eventually):
    house.token_file.write_text("bad")
    assert house.once() == 1
    eventually(lambda: heard == ["auth.failed.v1"])


def test_a_dead_token_is_asked_with_once_and_a_new_one_resumes_within_seconds(
    house: House, heard: list[str], eventually: Callable[..., object]
):
    house.token_file.write_text("bad")
    house.start(NOTION_EVERY="1s")
    eventually(lambda: "auth.failed.v1" in heard, within=30)
    house.token_file.write_text(house.notion_token)
    eventually(lambda: "auth.recovered.v1" in heard, within=5)
    eventually(lambda: house.batches().count("full") >= 1)
    assert heard.count("auth.failed.v1") == 1
    assert [call["status"] for call in house.calls()].count(401) == 1


def test_the_doctor_hears_what_feeds_what_and_what_is_not_shared(house: House):
    absent = "99999999-2222-4333-8444-555555555555"
    sources = f"{house.world.register.clients_database_id},{absent}"
    done = subprocess.run(
        [sys.executable, "-m", "services.notion_extractor", "--check"],
        env=house.environment(NOTION_SOURCES=sources),
        capture_output=True,
        timeout=60,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 1
    assert [each["ok"] for each in told] == [True, True, True, False]
    assert "client_code=" in told[2]["said"]
    assert "não foi compartilhada" in told[3]["said"]
