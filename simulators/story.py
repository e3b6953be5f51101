"""The demo's story: a Gestta token dies, people are told, somebody supplies a new one.

`python -m simulators.story`; ends with 0 when the new token is given, with 1 and a sentence when something
did not happen in time.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.settings import Duration

GIVE_TOKEN = ("-m", "services.console", "token", "set", "gestta", "--stdin")


class Settings(BaseSettings):
    """Where the control door is, and how patient the story is."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    sim_control_url: str = "http://127.0.0.1:9105"
    story_expire_after: Duration = timedelta(seconds=30)
    """How long after the first rows were served the token dies, if it does not die by itself before."""
    story_patience: Duration = timedelta(minutes=5)
    """How long each step may take."""


class Stuck(Exception):
    """A step of the story did not happen in time; the sentence says which."""


class Story:
    """Told through the edges of the real system: the sources it calls, the messages it posts, its console."""

    def __init__(self, settings: Settings, session: requests.Session) -> None:
        self._settings = settings
        self._session = session
        self._began = ""

    def tell(self) -> None:
        """The whole story; raises Stuck, or CalledProcessError when the console refuses the token."""
        self._began = self._moment()
        self._wait(self._rows_served, "no rows were read from Gestta")
        deadline = time.monotonic() + self._settings.story_expire_after.total_seconds()
        while time.monotonic() < deadline and not self._refused():
            time.sleep(0.5)
        if not self._refused():
            self._post("/gestta/token/expire")
        say("the Gestta token is dead")
        self._wait(self._refused, "nobody tried the dead token")
        self._wait(self._people_know, "no message about Gestta reached the Slack channel")
        say("people have been told")
        token = self._post("/gestta/token/issue?life=24h").json()["token"]
        subprocess.run([sys.executable, *GIVE_TOKEN], input=token, text=True, check=True)
        say("a new token has been given")

    def _rows_served(self) -> bool:
        return any(call["rows"] for call in self._get("/ledger", system="gestta"))

    def _refused(self) -> bool:
        calls = self._get("/ledger", system="gestta", since=self._began)
        return any(call["status"] in (401, 403) and not call["fault"] for call in calls)

    def _people_know(self) -> bool:
        return any(
            "gestta" in str(message).lower() and "credencial" in str(message).lower() and message["at"] >= self._began
            for message in self._get("/slack/messages")
        )

    def _moment(self) -> str:
        """Now, by the simulators' clock."""
        moment: str = self._get("/health")["now"]
        return moment

    def _get(self, path: str, **query: str) -> Any:
        response = self._session.get(self._settings.sim_control_url + path, params=query, timeout=10)
        response.raise_for_status()
        return response.json()

    def _post(self, path: str) -> requests.Response:
        response = self._session.post(self._settings.sim_control_url + path, timeout=10)
        response.raise_for_status()
        return response

    def _wait(self, happened: Callable[[], bool], otherwise: str) -> None:
        patience = self._settings.story_patience.total_seconds()
        deadline = time.monotonic() + patience
        while not happened():
            if time.monotonic() > deadline:
                raise Stuck(f"{otherwise} within {patience:.0f} s")
            time.sleep(0.5)


def say(sentence: str) -> None:
    sys.stdout.write(f"story: {sentence}\n")
    sys.stdout.flush()


def main() -> int:
    with requests.Session() as session:
        try:
            Story(Settings(), session).tell()
        except (Stuck, requests.RequestException, subprocess.CalledProcessError) as error:
            sys.stderr.write(f"story: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
