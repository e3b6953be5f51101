"""Passwords are written once, never over existing ones, and the broker's definitions follow them."""

import json
import re

import pytest

from local.environment import LOGINS, definitions, rights, write_secrets
from shared.database import upgrade
from shared.messaging import topology


def test_a_second_run_changes_nothing(tmp_path):
    write_secrets(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert write_secrets(tmp_path) == []
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_password_that_is_there_is_kept_and_the_definitions_follow_it(tmp_path):
    (tmp_path / "amqp_transformer").write_text("chosen by a person\n")
    first = write_secrets(tmp_path)
    assert (tmp_path / "amqp_transformer").read_text() == "chosen by a person\n"
    assert "amqp_transformer" not in first

    (tmp_path / "amqp_notifier").write_text("another\n")

    assert write_secrets(tmp_path) == ["rabbitmq_definitions.json"]


def test_nobody_else_enters_the_folder_and_a_containers_user_reads_the_files(tmp_path):
    write_secrets(tmp_path / "secrets")

    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o644}


def test_every_login_of_the_database_has_a_password():
    assert set(LOGINS) == set(upgrade.LOGINS)


def test_no_password_stands_in_the_definitions():
    told = json.dumps(definitions(dict.fromkeys(rights(), "a-marked-secret")))

    assert "a-marked-secret" not in told


@pytest.mark.parametrize("user", sorted(set(rights()) - {"operacional"}))
def test_only_the_owner_configures_what_the_house_shares(user):
    configure, _, _ = rights()[user]

    assert not [queue.name for queue in topology.queues() if re.search(configure, queue.name)]
    assert not re.search(configure, topology.EVENTS)


@pytest.mark.parametrize("subscription", topology.SUBSCRIPTIONS, ids=lambda s: s.queue)
def test_a_consumer_reads_its_own_queue_and_no_other(subscription):
    _, _, read = rights()[subscription.queue.partition(".")[0]]

    assert [queue.name for queue in topology.queues() if re.search(read, queue.name)] == [subscription.queue]
