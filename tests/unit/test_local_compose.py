"""The demo with Docker, as far as it shows in what Docker is asked for."""

import pytest

from local import demo, demo_compose
from local.preflight import Unfit

DOCKER = """#!/bin/sh
case "$*" in
  "compose version --short" | *" version --short") echo "{version}" ;;
  *" ps "*) echo '{containers}' ;;
  *" run "*) echo "$OPERACIONAL_SETTINGS $*" >> {orders} ;;
esac
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """`docker()`: a docker that answers so, first in the PATH; returns the file of what it was ordered to run."""

    def install(*, version="2.26.1", containers=""):
        orders = tmp_path / "orders"
        script = tmp_path / "docker"
        script.write_text(DOCKER.format(version=version, containers=containers, orders=orders))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setenv("OPERACIONAL_VAR", str(tmp_path / "var"))
        return orders

    return install


def test_the_console_of_a_demo_in_containers_is_a_container_beside_it_with_the_demos_settings(docker):
    orders = docker(containers='{"Service": "panel"}')

    assert demo.main(["console", "dead", "list"]) == 0
    asked = "compose --project-name operacional-demo --profile demo run --rm --no-deps console dead list"
    assert orders.read_text() == f"local/demo.env {asked}\n"


def test_without_a_demo_the_console_says_how_to_start_one(docker, capsys):
    orders = docker()

    assert demo.main(["console", "status"]) == 1
    assert "no demo is running here: `make demo`" in capsys.readouterr().err
    assert not orders.exists()


@pytest.mark.parametrize("version", ["2.23.3", "v2.5.0", "1.29.2"])
def test_a_compose_that_cannot_read_our_file_is_refused_with_a_sentence(docker, version):
    docker(version=version)

    with pytest.raises(Unfit, match=rf"{version} is too old: 2\.24 or later.*DEMO=processes"):
        demo_compose.run()


@pytest.mark.parametrize("version", ["2.24.0", "2.26.1-4", "v5.0.0-desktop.1", "dev"])
def test_a_newer_compose_or_one_that_nobody_can_tell_is_taken(version):
    demo_compose.check_version(version)
