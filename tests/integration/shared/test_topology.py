"""The topology stands as it was asked for."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.errors import Transient
from shared.messaging import rabbitmq, topology
from shared.messaging.__main__ import main
from shared.messaging.codec import decode
from shared.messaging.service import On

pytestmark = pytest.mark.integration


def test_declaring_twice_is_declaring_once(road):
    assert rabbitmq.declare(road.url) == rabbitmq.declare(road.url) == len(list(topology.queues()))


def test_every_queue_stands_with_its_arguments_and_bindings(road):
    found = {q["name"]: q for q in road.management.ask("GET", f"queues/{road.vhost}")}
    wanted = {q.name: q for q in topology.queues()}
    assert set(found) == set(wanted)
    for name, queue in wanted.items():
        assert found[name]["arguments"] == queue.arguments, name
        assert found[name]["durable"]
        bindings = road.management.ask("GET", f"queues/{road.vhost}/{name}/bindings")
        assert {(b["source"], b["routing_key"]) for b in bindings if b["source"]} == set(queue.bindings), name


def test_the_exchanges_stand(road):
    found = {e["name"]: (e["type"], e["durable"]) for e in road.management.ask("GET", f"exchanges/{road.vhost}")}
    assert found[topology.EVENTS] == ("topic", True)
    assert found[topology.DEAD] == ("direct", True)


def test_a_queue_that_stands_otherwise_is_named(amqp_url):
    with rabbitmq.session(amqp_url, name="test") as connection:
        connection.channel().queue_declare("transformer.raw_data_ready", durable=True)
    with pytest.raises(Transient, match=r"transformer\.raw_data_ready"):
        rabbitmq.declare(amqp_url)


def test_the_command_says_what_stands(amqp_url, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["shared.messaging", "declare"])
    monkeypatch.setattr("shared.log.configure", lambda **_: None)
    monkeypatch.setenv("AMQP_URL", amqp_url)
    assert main() == 0
    assert f"{len(list(topology.queues()))} queues" in capsys.readouterr().out


def test_a_refused_login_says_what_to_check_and_not_the_password(amqp_url):
    url = amqp_url.split("@")
    with pytest.raises(rabbitmq.BrokerRefused, match="refused the login") as error:
        rabbitmq.connect(f"amqp://nobody:hunter2@{url[-1]}", name="test")
    assert "hunter2" not in str(error.value)


def test_a_service_waits_for_the_topology_and_says_so_once(bare_road, serve, eventually):
    with capture_logs() as lines:
        service = serve(On("transformer.raw_data_ready", {}), wait=False)
        eventually(lambda: [line for line in lines if "waiting for the topology" in line["event"]])
        assert service.health.report()["ok"] is False
        rabbitmq.declare(bare_road.url)
        eventually(lambda: service.health.report()["ok"])
    assert len([line for line in lines if "waiting for the topology" in line["event"]]) == 1


SAMPLES = sorted(Path("tests/contract/samples").glob("*.json"))


@pytest.mark.parametrize("sample", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_the_broker_takes_each_fact_to_the_queues_that_the_topology_names(road, sample):
    said = road.say(decode(sample.read_bytes()).data)
    reached = {s.queue for s in topology.SUBSCRIPTIONS if road.waiting(s.queue)}
    assert reached == set(topology.subscribers(said.routing_key)) != set()
    assert [e.id for e in road.journal()] == [said.id]
