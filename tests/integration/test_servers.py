"""The private servers that every integration test stands on."""

import pytest
from sqlalchemy import create_engine, text

from shared.messaging import rabbitmq

pytestmark = pytest.mark.integration


def test_a_vhost_starts_empty_and_takes_the_whole_topology(amqp_url):
    assert rabbitmq.depth(amqp_url, ("transformer.raw_data_ready",), name="test") == {}

    rabbitmq.declare(amqp_url)

    assert rabbitmq.depth(amqp_url, ("transformer.raw_data_ready",), name="test") == {
        "transformer.raw_data_ready": (0, 0)
    }


def test_a_copied_database_keeps_each_login_to_its_rights(engine, login_url):
    reader = create_engine(login_url("bi_reader"))
    with engine.connect() as connection:
        rights = connection.execute(
            text(
                "SELECT has_database_privilege('transformer', current_database(), 'TEMPORARY'),"
                " has_database_privilege('bi_reader', current_database(), 'TEMPORARY')"
            )
        ).one()
    with reader.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM bi.operational_panel")).scalar()
    reader.dispose()

    assert tuple(rights) == (True, False)
    assert rows == 0
