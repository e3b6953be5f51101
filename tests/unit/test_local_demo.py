"""What the demo tells its parts fits the parts and the simulated world."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.demo_check import Promise, table
from local.demo_programs import KEPT_SERVICES, LOGINS, SETTINGS, Places, environment, settings
from local.program import Program
from local.supervisor import SERVICES, Kept, Supervisor

ROOT = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVERS = {"postgres", "rabbitmq"}
OURS = sorted(set(COMPOSE["services"]) - SERVERS)


@pytest.fixture
def places(tmp_path) -> Places:
    ports = {"gestta": 5001, "notion": 5002, "slack": 5003, "portal": 5004, "control": 5005}
    return Places(tmp_path, 5432, 5672, 8080, ports, {"transformer": 6001})


def written() -> dict[str, str]:
    return dict(line.split("=", 1) for line in SETTINGS.read_text().splitlines() if "=" in line and line[0] != "#")


def test_the_demo_reads_the_register_of_the_simulated_office(simulators):
    assert written()["NOTION_SOURCES"] == simulators.register.clients_database_id


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("GESTTA_EMAIL", "SIM_GESTTA_EMAIL"),
        ("GESTTA_PASSWORD", "SIM_GESTTA_PASSWORD"),
        ("NOTION_TOKEN", "SIM_NOTION_TOKEN"),
        ("SLACK_BOT_TOKEN", "SIM_SLACK_TOKEN"),
        ("SLACK_CHANNEL", "SIM_SLACK_CHANNEL"),
        ("BI_EMAIL", "SIM_PORTAL_EMAIL"),
        ("BI_PASSWORD", "SIM_PORTAL_PASSWORD"),
    ],
)
def test_the_simulated_world_takes_the_demos_credentials(ours, theirs):
    assert written()[ours] == written()[theirs]


def test_no_address_of_the_containers_is_left_for_processes(places):
    told = settings(places, {})

    assert not [value for value in told.values() if "//simulators" in value]
    assert told["GESTTA_API_URL"] == "http://127.0.0.1:5001"
    assert told["SIM_GESTTA_PORT"] == "5001"


def test_what_the_environment_names_as_well_wins_and_nothing_else_of_it_gets_in(places):
    told = settings(places, {"SIM_TASKS_PER_QUARTER": "10", "AWS_SECRET_ACCESS_KEY": "somebody's"})

    assert told["SIM_TASKS_PER_QUARTER"] == "10"
    assert "AWS_SECRET_ACCESS_KEY" not in told


@pytest.mark.parametrize("service", KEPT_SERVICES)
def test_each_process_has_its_own_login_and_extractors_have_none_in_the_database(places, service):
    told = environment(service, places, {})

    user = Path(told.get("AMQP_PASSWORD_FILE", "")).name
    assert user == ("" if service == "panel" else f"amqp_{service}")
    databases = [name for name in told if name.endswith("DATABASE_URL")]
    assert len(databases) == (0 if LOGINS[service] is None else 1)


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_each_container_is_locked_down(service):
    told: dict[str, Any] = COMPOSE["services"][service]

    # An image of RabbitMQ may write its own defaults beside ours when it starts.
    assert told.get("read_only", False) is (service != "rabbitmq")
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["mem_limit"]
    assert told["pids_limit"]
    assert told["stop_grace_period"] == ("60s" if service in SERVERS else "10s")


@pytest.mark.parametrize("service", OURS)
def test_each_container_is_given_the_password_files_it_is_told_of_and_mounts_what_it_names(service):
    told: dict[str, Any] = COMPOSE["services"][service]
    named = {Path(value).name for name, value in told["environment"].items() if name.endswith("_FILE")}

    assert named <= set(told.get("secrets", []))
    assert set(told.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_ports_are_published_on_loopback_only():
    published = [port for told in COMPOSE["services"].values() for port in told.get("ports", [])]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_supervisor_takes_blanks_quotes_and_percent_signs_literally(tmp_path):
    strange = Program("strange", ("/bin/echo", "a b", "100%"), tmp_path, {"LIMIT": "15%"})
    supervisor = Supervisor(tmp_path, 1, "word")

    config = supervisor.configuration([Kept(strange, SERVICES)])

    assert 'command = "/bin/echo" "a b" "100%%"' in config
    assert 'LIMIT="15%%"' in config


def test_the_table_of_the_check_is_aligned():
    lines = table([Promise("rows", "10", "10", ok=True), Promise("messages about it", "1", "2", ok=False)]).splitlines()

    assert len({len(line) for line in lines}) == 1
    assert [line.rstrip().split("  ")[-1].strip() for line in lines[1:]] == ["ok", "NOT OK"]
