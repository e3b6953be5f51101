"""The demo's story, told to the real control door; the office is this test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from simulators.serve import Running, start
from simulators.settings import on_free_ports

ROOT = Path(__file__).parents[2]
ACCOUNT = {"email": "robo@escritorio.example", "password": "senha-inventada"}


@pytest.fixture
def running() -> Iterator[Running]:
    settings = on_free_ports(tasks_per_quarter=30)
    with start(settings) as running:
        yield running


class Office:
    """Calls of the extractor's, made by hand."""

    def __init__(self, running: Running) -> None:
        self.url = running.urls["gestta"]

    def login(self, **other: str) -> str | None:
        answer = requests.post(f"{self.url}/core/login", json=ACCOUNT | other, timeout=5)
        return answer.headers.get("authorization")

    def search(self, token: str) -> int:
        headers = {"Authorization": token if token.startswith("JWT ") else f"JWT {token}"}
        return requests.post(f"{self.url}/core/customer/task/search", json={}, headers=headers, timeout=5).status_code


def told(running: Running, folder: Path, **settings: str) -> "subprocess.Popen[str]":
    """The story, with a console that keeps what it was given; everything else is the real edge."""
    console = folder / "services" / "console"
    console.mkdir(parents=True)
    for package in (console.parent, console):
        (package / "__init__.py").touch()
    (console / "__main__.py").write_text(
        "import pathlib, sys\npathlib.Path('given').write_text(' '.join(sys.argv[1:]) + ' ' + sys.stdin.read())\n"
    )
    environment = {"SIM_CONTROL_URL": running.urls["control"], "STORY_PATIENCE": "30s", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "simulators.story"],
        cwd=folder,
        env={**os.environ, **environment, **settings},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_token_is_renewed_by_login_by_console_and_by_file(running, tmp_path, eventually):
    office, file = Office(running), tmp_path / "token"
    running.slack.clear()
    first = office.login()
    with told(running, tmp_path, STORY_TOKEN_FILE=str(file), STORY_TOKEN_LIFE="2s") as story:
        second = office.login()
        assert first != second
        eventually(lambda: office.search(second) == 401, within=20)
        assert office.login() is None, "the password was changed"
        assert not (tmp_path / "given").exists()
        running.slack.post_message({"channel": "operacional", "text": "Gestta recusou a nossa credencial"})
        eventually(file.exists, within=20)
        arguments, _, given = (tmp_path / "given").read_text().rpartition(" ")
        assert arguments == "token set gestta --stdin"
        eventually(lambda: office.search(given) == 401, within=20)
        assert office.search(file.read_text()) == 200
        out, _ = story.communicate(timeout=30)

    assert story.returncode == 0, out
    assert office.login() is not None, "in the end everything works again"


def test_without_a_file_the_supplied_token_lives_on(running, tmp_path, eventually):
    office = Office(running)
    running.slack.clear()
    office.login()
    second = office.login()
    with told(running, tmp_path) as story:
        eventually(lambda: office.search(second) == 401, within=20)
        running.slack.post_message({"channel": "operacional", "text": "Gestta recusou a nossa credencial"})
        out, _ = story.communicate(timeout=30)

    assert story.returncode == 0, out
    assert office.search((tmp_path / "given").read_text().rpartition(" ")[2]) == 200


def test_a_story_in_which_nothing_happens_ends_with_a_sentence(running):
    story = subprocess.run(
        [sys.executable, "-m", "simulators.story"],
        env={**os.environ, "SIM_CONTROL_URL": running.urls["control"], "STORY_PATIENCE": "1s"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert story.returncode == 1
    assert story.stderr == "story: no token was renewed by a login within 1 s\n"
