"""What compose.yaml must not lose, and what compose.onvio.yaml makes of it."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ONVIO = yaml.safe_load((ROOT / "compose.onvio.yaml").read_text(encoding="utf-8"))["services"]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


@pytest.mark.parametrize("name", ["notion_extractor", "gestta_extractor"])
def test_what_a_reader_sets_aside_lies_on_a_volume_and_not_in_its_memory_limit(name):
    service = SERVICES[name]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    assert service["environment"]["TMPDIR"] in mounted
    assert service["environment"]["TMPDIR"] not in service["tmpfs"]
    assert service["environment"]["TMPDIR"] in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def lock(name):
    """What a lock pins."""
    return set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))


def test_through_onvio_the_extractors_image_has_all_it_needs_and_the_browsers_client():
    arguments = ONVIO["gestta_extractor"]["build"]["args"]
    assert lock(arguments["LOCK"]) >= lock("gestta_extractor")
    assert any(pinned.startswith("selenium==") for pinned in lock(arguments["LOCK"]))
    assert arguments["BASE"] == SERVICES["bi_refresher"]["build"]["args"]["BASE"] == "browser"


@pytest.mark.parametrize("what", ["mem_limit", "pids_limit", "shm_size"])
def test_through_onvio_the_extractor_has_as_much_room_for_a_browser_as_the_refresher(what):
    assert ONVIO["gestta_extractor"][what] == SERVICES["bi_refresher"][what]


def test_through_onvio_every_service_that_knows_gesttas_password_knows_that_it_is_onvios():
    knowing = {name for name, service in SERVICES.items() if "gestta_password" in service.get("secrets", ())}
    assert {name for name in ONVIO if ONVIO[name]["environment"]["GESTTA_LOGIN"] == "onvio"} == knowing


@pytest.fixture(scope="module")
def merged(absent):
    """What compose makes of the two files, as services by name; no engine is needed."""
    ours = ("COMPOSE_", "OPERACIONAL_", "PIP_")
    try:
        done = subprocess.run(
            ["docker", "compose", "--env-file", os.devnull, "--profile", "console", "config", "--format", "json"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(ours)}
            | {"COMPOSE_FILE": "compose.yaml:compose.onvio.yaml"},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        absent("no docker compose on this machine")
    if "is not a docker command" in done.stderr:
        absent("docker has no compose on this machine")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)["services"]


@pytest.mark.compose
def test_compose_takes_the_two_files_together_and_loses_nothing_of_the_first(merged):
    extractor = merged["gestta_extractor"]
    built, told = extractor["build"]["args"], extractor["environment"]
    assert (built["SERVICE"], built["BASE"], built["LOCK"]) == ("gestta_extractor", "browser", "console")
    assert (told["GESTTA_LOGIN"], told["HOME"], told["TMPDIR"]) == ("onvio", "/tmp", "/data/scratch")
    assert {each["source"] for each in extractor["secrets"]} == set(SERVICES["gestta_extractor"]["secrets"])
    # The browser's profile lies in TOKENS_DIR: the rest of the file system cannot be written.
    assert told["TOKENS_DIR"] in {volume["target"] for volume in extractor["volumes"]}
    assert extractor["read_only"]
    assert extractor["tmpfs"] == ["/tmp"]
    assert int(extractor["mem_limit"]) == 1 << 30
    assert merged["console"]["environment"]["GESTTA_LOGIN"] == "onvio"
