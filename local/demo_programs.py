"""What the demo runs as processes, and what each is told. No I/O but reading the settings file."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.environment import VHOST
from local.program import Program
from local.supervisor import OUTSIDE, SERVICES, STORY, Kept

ROOT = Path(__file__).parent.parent
SETTINGS = Path(__file__).with_name("demo.env")
DATABASE = "operacional"
SIMULATED = ("gestta", "notion", "slack", "portal", "control")
LOGINS: Mapping[str, str | None] = {
    "notion_extractor": None,
    "gestta_extractor": None,
    "transformer": "transformer",
    "bi_refresher": "bi_refresher",
    "notifier": "notifier",
    "panel": "panel_reader",
    "console": "console",
}
"""Each service with its login in the database; extractors know no database, and the panel no broker."""

KEPT_SERVICES = tuple(name for name in LOGINS if name != "console")


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of one demo is."""

    home: Path
    postgres_port: int
    rabbitmq_port: int
    panel_port: int
    simulated_ports: Mapping[str, int]
    health_ports: Mapping[str, int]

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    def simulated(self, system: str) -> str:
        return f"http://127.0.0.1:{self.simulated_ports[system]}"

    def amqp(self, user: str) -> dict[str, str]:
        return {
            "AMQP_URL": f"amqp://{user}@127.0.0.1:{self.rabbitmq_port}/{VHOST}",
            "AMQP_PASSWORD_FILE": str(self.secrets / f"amqp_{user}"),
        }

    def database(self, login: str, variable: str = "DATABASE") -> dict[str, str]:
        return {
            f"{variable}_URL": f"postgresql+psycopg2://{login}@127.0.0.1:{self.postgres_port}/{DATABASE}",
            f"{variable}_PASSWORD_FILE": str(self.secrets / f"db_{login}"),
        }


def settings(places: Places, overrides: Mapping[str, str]) -> dict[str, str]:
    """The demo's settings with the addresses of `places`; what `overrides` names as well wins."""
    told = {}
    for line in SETTINGS.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            told[name] = overrides.get(name, value)
    for system in SIMULATED:
        port = places.simulated_ports[system]
        told = {
            name: value.replace(f"http://simulators:{_DEFAULT_PORTS[system]}", f"http://127.0.0.1:{port}")
            for name, value in told.items()
        }
        told[f"SIM_{system.upper()}_PORT"] = str(port)
    return told


_DEFAULT_PORTS = {"gestta": 9101, "notion": 9102, "slack": 9103, "portal": 9104, "control": 9105}


def environment(service: str, places: Places, told: Mapping[str, str]) -> dict[str, str]:
    """What one service is told; simulators and services read what is theirs of `told`."""
    environment = {
        **told,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "LANDING_URL": str(places.home / "landing"),
        "EXPORT_DIR": str(places.home / "exports"),
        "TOKENS_DIR": str(places.home / "tokens"),
        "BI_PROFILE_DIR": str(places.home / "profile"),
        "HEALTH_PORT": str(places.health_ports.get(service, 0)),
        "PANEL_PORT": str(places.panel_port),
    }
    environment |= {"GESTTA_TOKEN_FILE": str(places.secrets / "gestta_token")} if service == "gestta_extractor" else {}
    environment |= {"STORY_TOKEN_FILE": str(places.secrets / "gestta_token")} if service == "console" else {}
    login = LOGINS.get(service)
    if service == "panel":
        environment |= places.database("panel_reader", "PANEL_DATABASE")
    elif service in LOGINS:
        environment |= places.amqp(service) | (places.database(login) if login else {})
    return environment


def programs(places: Places, told: Mapping[str, str]) -> list[Kept]:
    """Everything but the servers."""

    def python(name: str, module: str, told_to: str) -> Program:
        return Program(name, (sys.executable, "-m", module), places.home, environment(told_to, places, told))

    return [
        Kept(python("simulators", "simulators", "simulators"), OUTSIDE),
        *(Kept(python(name, f"services.{name}", name), SERVICES) for name in KEPT_SERVICES),
        # The story gives a new token by the console, and leaves another one in the extractor's file.
        Kept(python("story", "simulators.story", "console"), STORY, once=True),
    ]
