"""What would go wrong later is said before anything starts, with what to do."""

import os
import socket
from pathlib import Path

import pytest

from local import ports
from local.preflight import Unfit, check_folder, check_ports, unreachable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for somebody else")


def test_a_taken_port_is_named_with_its_variable_its_holder_and_another_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Unfit, match=rf"{port} \(PANEL_PORT, held by .*, process {os.getpid()}\).*PANEL_PORT=\d+"):
            check_ports({"PANEL_PORT": port})


def test_free_ports_and_port_zero_are_fine():
    check_ports({"PANEL_PORT": ports.free(), "SIM_SLACK_PORT": 0})


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(Unfit, match=r"cannot be made.*OPERACIONAL_VAR"):
        check_folder(tmp_path / "file" / "var", [])


@as_root
def test_the_folder_on_the_way_that_a_servers_user_cannot_enter_is_named(tmp_path):
    shut = tmp_path / "home"
    (shut / "clone").mkdir(parents=True)
    shut.chmod(0o700)

    found = unreachable(shut / "clone", "nobody")
    assert found is not None
    with pytest.raises(Unfit, match=f"cannot enter {found}: `chmod o\\+x {found}`"):
        check_folder(shut / "clone", ["nobody"])


@as_root
def test_a_folder_that_everybody_may_enter_is_fine():
    assert unreachable(Path("/var/tmp"), "nobody") is None
