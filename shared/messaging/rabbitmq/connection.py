"""A connection: opened, used and closed by one thread, its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import pika
from pika import BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from shared.errors import RoadClosed

Connection: TypeAlias = BlockingConnection

HEARTBEAT = 30
BLOCKED_SECONDS = 60
PUMP_SECONDS = 0.25
ACCESS_REFUSED = 403


class BrokerRefused(Exception):
    """The broker is there, but not for us: a wrong password or vhost, a right that lacks. A person must act."""


def connect(url: str, *, name: str, blocked_seconds: int = BLOCKED_SECONDS) -> Connection:
    """A new connection, shown in the broker's list as `name`, that ends when the broker takes nothing for so long.

    Raises `RoadClosed` where nobody answers and `BrokerRefused` where the answer is no.
    """
    parameters = pika.URLParameters(url)
    parameters.heartbeat = HEARTBEAT
    parameters.blocked_connection_timeout = blocked_seconds
    parameters.socket_timeout = parameters.stack_timeout = 10
    parameters.client_properties = {"connection_name": name}
    where = (
        f"{parameters.host}:{parameters.port}, vhost {parameters.virtual_host}, user {parameters.credentials.username}"
    )
    try:
        return BlockingConnection(parameters)
    except (ProbableAuthenticationError, ProbableAccessDeniedError) as error:
        raise BrokerRefused(
            f"RabbitMQ at {where} refused the login: check AMQP_URL, its password and the user's rights"
        ) from error
    except (AMQPError, OSError) as error:
        raise RoadClosed(f"RabbitMQ at {where} does not answer ({type(error).__name__})") from error


@contextmanager
def session(url: str, *, name: str, blocked_seconds: int = BLOCKED_SECONDS) -> Iterator[Connection]:
    """A connection that this thread opens, uses and closes; whatever ends it early is `RoadClosed`.

    Raises `BrokerRefused` where the login or a right is refused.
    """
    connection = connect(url, name=name, blocked_seconds=blocked_seconds)
    try:
        yield connection
    except ChannelClosedByBroker as error:
        if error.reply_code == ACCESS_REFUSED:
            raise BrokerRefused(f"RabbitMQ refused {name} a right: {error.reply_text}") from error
        raise RoadClosed(f"the broker closed a channel: {error.reply_text}") from error
    except AMQPError as error:
        raise RoadClosed(f"the broker ended the connection: {error!r}") from error
    finally:
        close(connection)


def close(connection: Connection) -> None:
    """End a connection, whatever state it is in."""
    with suppress(AMQPError, OSError):
        connection.close()


def pump(connection: Connection) -> None:
    """Do the connection's I/O for a moment: heartbeats, deliveries, confirms, callbacks of other threads."""
    try:
        connection.process_data_events(time_limit=PUMP_SECONDS)
    except (AMQPError, OSError, UnicodeDecodeError) as error:
        # The last: a property that is not UTF-8, which pika cannot read. The broker parks it past the delivery limit.
        raise RoadClosed(f"the connection to the broker was lost: {error!r}") from error
