"""The demo with Docker: the demo profile of compose.yaml."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from local import environment
from local.preflight import Unfit

ROOT = Path(__file__).parent.parent
PROJECT = "operacional-demo"
"""Not the folder's default: ending the demo deletes its volumes, which must never be those of a real deployment."""


OLDEST = (2, 24)
"""The first Compose that reads `env_file` as compose.yaml writes it."""


def run() -> None:
    """Build and start everything, say what to open, stay until Ctrl-C or `make stop`. Raises `Unfit`."""
    check_version(_asked(PROJECT, "version", "--short").strip())
    environment.write_secrets(ROOT / "secrets")
    try:
        if _order("up", "--build", "--wait").returncode != 0:
            _order("ps", "--all")
            _order("logs", "--tail", "15")
            raise Unfit("compose could not bring everything up: see which container above, and what it said last")
        print(
            _TOLD.format(panel=address("panel", 8080), slack=address("simulators", 9103), project=PROJECT), flush=True
        )
        _order("wait", "panel")
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
    finally:
        stop()


_TOLD = """
The demo runs. Open
  the panel                {panel}
  what Slack is told       {slack}
Try
  make demo-check          asserts what this shows, in about two minutes
  make console ARGS=status the analyst's command line on this demo
  docker compose -p {project} logs -f
  make stop, or Ctrl-C     ends it
"""


def check_version(version: str) -> None:
    """Raises `Unfit` where this Compose cannot read compose.yaml."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        raise Unfit(
            f"Docker Compose {version} is too old: {'.'.join(map(str, OLDEST))} or later is needed. "
            "Without it: DEMO=processes make demo"
        )


def console(words: list[str]) -> int:
    """The console in a container of its own beside the running demo's."""
    return _order("run", "--rm", "--no-deps", "console", *words).returncode


def stop() -> int:
    """End the demo with its volumes. Returns how many containers there were."""
    found = len(containers())
    if found:
        _order("down", "--volumes", "--remove-orphans")
    return found


def containers(project: str = PROJECT) -> list[dict[str, Any]]:
    """Compose's own account of a project's containers, those that have ended included."""
    done = _asked(project, "ps", "--all", "--format", "json")
    return [json.loads(line) for line in done.splitlines() if line.startswith("{")]


def address(service: str, port: int, project: str = PROJECT) -> str:
    """Where a container's port is on this machine, as `http://...`."""
    return f"http://{_asked(project, 'port', service, str(port)).strip()}"


def logs(service: str, project: str = PROJECT) -> list[str]:
    """What a service wrote, line by line."""
    return _asked(project, "logs", "--no-log-prefix", "--no-color", service).splitlines()


def _asked(project: str, *words: str) -> str:
    command = [*_compose(project), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def _compose(project: str) -> list[str]:
    return ["docker", "compose", "--project-name", project, "--profile", "demo"]


def _order(*words: str) -> subprocess.CompletedProcess[bytes]:
    # The demo's own settings, whatever .env points to.
    told = {**os.environ, "OPERACIONAL_SETTINGS": "local/demo.env", "COMPOSE_FILE": "compose.yaml"}
    return subprocess.run([*_compose(PROJECT), *words], cwd=ROOT, env=told, check=False)
