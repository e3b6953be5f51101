"""Each broker user's rights, by trying them on a real broker that loaded our definitions."""

from collections.abc import Callable, Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from local import broker as rabbitmq
from local.environment import OWNER, VHOST, rights, write_secrets
from shared.messaging import topology
from shared.messaging.rabbitmq import declare

pytestmark = pytest.mark.integration
Try = Callable[[str, Callable[[BlockingChannel], object]], str]


@pytest.fixture(scope="module")
def attempt(private_folder, absent) -> Iterator[Try]:
    """Does something as a user on a broker that started from our definitions: "allowed" or "refused"."""
    if not rabbitmq.SERVER.exists():
        absent("no RabbitMQ on this machine: `make test` installs it")
    folder = private_folder / "rights"
    write_secrets(folder)
    with rabbitmq.private(private_folder / "rabbitmq-rights", secrets_folder=folder) as server:

        def url(user: str) -> str:
            return f"amqp://{user}:{(folder / f'amqp_{user}').read_text()}@127.0.0.1:{server.port}/{VHOST}"

        def attempt(user: str, act: Callable[[BlockingChannel], object]) -> str:
            connection = pika.BlockingConnection(pika.URLParameters(url(user)))
            channel = connection.channel()
            channel.confirm_delivery()
            try:
                act(channel)
            except ChannelClosedByBroker as error:
                return "refused" if error.reply_code == 403 else str(error)
            else:
                return "allowed"
            finally:
                connection.close()

        declare(url(OWNER))
        yield attempt


def read(queue: str) -> Callable[[BlockingChannel], object]:
    def consume(channel: BlockingChannel) -> None:
        # A stream is read with a prefetch only.
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue, lambda *_: None)

    return consume


def write(exchange: str, key: str) -> Callable[[BlockingChannel], object]:
    return lambda channel: channel.basic_publish(exchange, key, b"", mandatory=True)


def look_at(queue: str) -> Callable[[BlockingChannel], object]:
    return lambda channel: channel.queue_declare(queue, passive=True)


def declare_queue(queue: str, *, exclusive: bool = False) -> Callable[[BlockingChannel], object]:
    return lambda channel: channel.queue_declare(queue, exclusive=exclusive, durable=not exclusive)


CONSUMERS = [(s.queue.partition(".")[0], s.queue) for s in topology.SUBSCRIPTIONS]


@pytest.mark.parametrize(("user", "queue"), CONSUMERS)
def test_a_consumer_lives_from_its_queue_and_says_facts(attempt, user, queue):
    assert attempt(user, read(queue)) == "allowed"
    assert attempt(user, write(topology.EVENTS, "raw_data.ready.v1.gestta")) == "allowed"
    assert attempt(user, write(topology.DEAD, queue)) == "allowed"
    assert attempt(user, write("", topology.retry_queue(queue, "10s"))) == "allowed"
    assert attempt(user, look_at(topology.dead_letters(queue))) == "allowed"


@pytest.mark.parametrize(("user", "queue"), CONSUMERS)
def test_a_consumer_reads_nobody_elses_queue_and_builds_nothing(attempt, user, queue):
    other = next(name for _, name in CONSUMERS if name != queue)

    assert attempt(user, read(other)) == "refused"
    assert attempt(user, read(topology.dead_letters(queue))) == "refused"
    assert attempt(user, declare_queue("something.new")) == "refused"


@pytest.mark.parametrize("system", ["notion", "gestta"])
def test_an_extractor_holds_its_own_running_queue(attempt, system):
    user = f"{system}_extractor"

    assert attempt(user, declare_queue(f"{user}.running", exclusive=True)) == "allowed"
    assert attempt("transformer", declare_queue(f"{user}.running", exclusive=True)) == "refused"


def test_the_console_takes_dead_letters_and_gives_to_any_queue(attempt):
    queue = "transformer.raw_data_ready"

    assert attempt("console", read(topology.dead_letters(queue))) == "allowed"
    assert attempt("console", write("", queue)) == "allowed"
    assert attempt("console", read(queue)) == "refused"


def test_who_may_replay_reads_the_journal(attempt):
    assert attempt("console", read(topology.JOURNAL)) == "allowed"
    assert attempt("console", write("", "transformer.raw_data_ready")) == "allowed"
    assert attempt("transformer", read(topology.JOURNAL)) == "refused"


def test_every_user_of_the_definitions_was_tried():
    assert set(rights()) == {user for user, _ in CONSUMERS} | {"console", OWNER}
