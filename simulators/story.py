"""The demo's story of tokens that die. A login renews one and nobody notices; then the password is changed, people are
told, and somebody supplies a token; when that one ends, the next one lies in a file already.

`python -m simulators.story`; ends with 0 when it is told, with 1 and a sentence when something did not happen in time.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.settings import Duration

GIVE_TOKEN = ("-m", "services.console", "token", "set", "gestta", "--stdin")


class Settings(BaseSettings):
    """Where the control door is, and how patient the story is."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    sim_control_url: str = "http://127.0.0.1:9105"
    story_token_file: Path | None = None
    """Where the extractor's GESTTA_TOKEN_FILE lies; without: the supplied token is the last one."""
    story_token_life: Duration = timedelta(seconds=60)
    """How long the supplied token lives, where a file waits behind it."""
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
        self._wait(lambda: self._logins() >= 2, "no token was renewed by a login")
        say("a token has died and was renewed by a login: nobody had to know")
        self._began = self._moment()
        password = self._post("/gestta/account", {"password": "another"})["password"]
        self._post("/gestta/token/expire")
        say("the Gestta token is dead, and the password was changed")
        self._wait(self._refused, "nobody tried the dead token")
        self._wait(self._people_know, "no message about Gestta reached the Slack channel")
        say("people have been told")
        file = self._settings.story_token_file
        life = self._settings.story_token_life if file else timedelta(days=1)
        supplied = self._post(f"/gestta/token/issue?life={life.total_seconds():.0f}s")
        subprocess.run([sys.executable, *GIVE_TOKEN], input=supplied["token"], text=True, check=True)
        say("a new token has been given by the console")
        if file is not None:
            self._replace(file, datetime.fromisoformat(supplied["expires_at"]))
        self._post("/gestta/account", {"password": password, "unlock": True})

    def _replace(self, file: Path, ends: datetime) -> None:
        part = file.with_name(f".{file.name}.part")
        part.write_text(self._post("/gestta/token/issue?life=24h")["token"], encoding="utf-8")
        part.replace(file)
        after = ends.isoformat()
        self._wait(lambda: self._served(since=after), "nothing was read with the token of the file")
        say("that token has ended, and the one in the file was taken: nobody had to know")

    def _logins(self) -> int:
        return sum(c["path"] == "/core/login" and c["status"] == 200 for c in self._get("/ledger", system="gestta"))

    def _served(self, *, since: str) -> bool:
        return any(
            call["rows"] and call["status"] == 200 for call in self._get("/ledger", system="gestta", since=since)
        )

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

    def _post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self._session.post(self._settings.sim_control_url + path, json=body, timeout=10)
        response.raise_for_status()
        return response.json() if response.content else None

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
