"""`python -m services.console`: status, doctor, replay, dead letters, tokens, runs and removals."""

import getpass
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import uuid4

import click

from services.console import doctor as examination
from services.console import warehouse
from services.console.settings import Settings
from services.console.table import OFFICE_TIME, aligned
from shared import clock, log, replay
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import AuthFailed, AuthRecovered, Fact, RawDataReady, RunNow, TokenSupplied
from shared.contracts.vocabulary import ALL_SCOPES
from shared.database.connection import connect
from shared.errors import Outage, Rejected, RoadClosed, Transient
from shared.extraction.supplied import supply
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import encode
from shared.settings import duration, load

QUEUES = tuple(subscription.queue for subscription in topology.SUBSCRIPTIONS)
SOURCE = "/services/console"
SYSTEMS = click.Choice(["gestta", "notion"])


def told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors of the road and the database as one sentence on stderr, exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (RoadClosed, Transient, Outage, Rejected, rabbitmq.BrokerRefused) as error:
            raise click.ClickException(log.clean(str(error))) from None

    return wrapped


@click.group()
def console() -> None:
    """Projeto Operacional from the command line."""


@console.command()
@told
def status() -> None:
    """Freshness of every scope, last loads and refreshes, open incidents, queues."""
    settings = load(Settings)
    engine = connect(settings.warehouse_url, name="console")
    now = warehouse.status(engine)
    names = [name for queue in QUEUES for name in (queue, topology.dead_letters(queue))]
    depths = rabbitmq.depth(settings.broker_url, tuple(names), name="console")
    click.echo(f"Open tasks: {now.open_tasks}. Removals that wait for a person: {now.pending_removals}.")
    for title, rows in (
        ("Freshness", now.freshness),
        ("Last loads", now.loads),
        ("Last refreshes", now.refreshes),
        ("Open incidents", now.incidents),
        ("Where the sources do not fit together (names: view ops.clients_at_odds)", now.problems),
        (
            "Queues",
            [{"queue": n, "messages": d[0], "consumers": d[1]} for n, d in depths.items() if d[0] or "dlq" not in n],
        ),
    ):
        click.echo(f"\n{title}\n{aligned(rows)}")


@console.command()
def doctor() -> None:
    """Try every setting and credential for real; say in Portuguese what is wrong and what to do."""
    wrong = 0
    for check in examination.examine():
        wrong += not check.ok
        click.echo(f"{'ok   ' if check.ok else 'ERRO '} {check.check}: {log.clean(check.said)}")
    click.echo(f"\n{wrong} problema(s) encontrado(s)." if wrong else "\nTudo certo.")
    sys.exit(1 if wrong else 0)


def span(text: str) -> timedelta:
    """`90s`, `7m`, `1h`."""
    try:
        found = duration(text)
    except (ValueError, OverflowError):
        found = None
    if not isinstance(found, timedelta):
        raise click.BadParameter(f"{text!r}: write 20s, 2m")
    return found


def moment(text: str) -> datetime:
    """`2h` (ago), `2026-11-23`, or `2026-11-23T10:00` in the office's zone."""
    try:
        span = duration(text)
        if isinstance(span, timedelta):
            return clock.now() - span
    except (ValueError, OverflowError):
        pass
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r}: write 2h, 3d, 2026-11-23 or 2026-11-23T10:00") from None
    return (given if given.tzinfo else given.replace(tzinfo=OFFICE_TIME)).astimezone(UTC)


@console.command(name="replay")
@click.option("--system", type=SYSTEMS, required=True)
@click.option("--since", required=True, callback=lambda _c, _p, v: moment(v), help="2h, 2026-11-23, 2026-11-23T10:00")
@click.option("--until", default="0s", callback=lambda _c, _p, v: moment(v), show_default="now")
@click.option("--scope", help="only this scope")
@click.option("--batch", "batch_ref", help="only this batch")
@click.option("--go", is_flag=True, help="really replay; without it they are only listed")
@click.option("--force", is_flag=True, help="let older rows replace newer ones")
@click.option("--refresh", is_flag=True, help="ask for a refresh of the BI panel afterwards")
@told
def replay_command(  # noqa: PLR0917  click hands options over by name
    system: str,
    since: datetime,
    until: datetime,
    scope: str | None,
    batch_ref: str | None,
    go: bool,
    force: bool,
    refresh: bool,
) -> None:
    """Give raw-data facts of the journal to the transformer again. Lists them first; --go does it."""
    settings = load(Settings)
    choice = replay.Choice(since=since, until=until, system=system, scope=scope, batch_ref=batch_ref)
    with rabbitmq.session(settings.broker_url, name="console") as connection:
        chosen = list(replay.choose(connection, choice))
        click.echo(aligned([_listed(envelope) for envelope in chosen]))
        queues = Counter(replay.destination(envelope) for envelope in chosen)
        where = ", ".join(f"{count} to {queue}" for queue, count in queues.items())
        click.echo(f"\n{len(chosen)} facts{': ' + where if where else ''}")
        if not go:
            click.echo("Nothing was sent. Add --go to replay them.")
            return
        orders = replay.Orders(replay=str(uuid4()), force=force, refresh=refresh)
        receipt = replay.give(connection, chosen, orders, new_id=lambda: str(uuid4()))
    sent = ", ".join(f"{count} to {queue}" for queue, count in receipt.items()) or "nothing"
    click.echo(f"Replay {orders.replay}: {sent}, each confirmed by the broker.")


def _listed(envelope: Envelope[Fact]) -> dict[str, Any]:
    data = envelope.data
    row: dict[str, Any] = {"time": envelope.time, "type": data.TYPE}
    if isinstance(data, RawDataReady):
        row |= {"scope": data.scope, "records": data.records, "batch_ref": data.batch_ref}
    return row


@console.group()
def dead() -> None:
    """Messages that a service could not handle."""


@dead.command(name="list")
@click.option("--queue", type=click.Choice(QUEUES), help="only of this queue")
@told
def dead_list(queue: str | None) -> None:
    """What lies in the dead-letter queues, with its story."""
    settings = load(Settings)
    with rabbitmq.session(settings.broker_url, name="console") as connection:
        letters = list(replay.dead_letters(connection, (queue,) if queue else QUEUES))
    click.echo(
        aligned(
            [
                {
                    "queue": letter.queue,
                    "event_id": letter.event_id,
                    "type": letter.event_type,
                    "scope": letter.scope or "-",
                    "attempts": letter.attempts,
                    "parked_at": letter.parked_at[:19],
                    "reason": letter.reason[:120],
                }
                for letter in letters
            ]
        )
    )


@dead.command(name="redrive")
@click.option("--queue", type=click.Choice(QUEUES), required=True)
@click.option("--id", "event_id", help="only this message")
@click.option("--accept-rejects", is_flag=True, help="load a batch although more rows than REJECT_LIMIT cannot be read")
@click.option("--go", is_flag=True, help="really redrive; without it they are only counted")
@told
def dead_redrive(queue: str, event_id: str | None, accept_rejects: bool, go: bool) -> None:
    """Give dead letters back to their queue: same id, attempts anew."""
    settings = load(Settings)

    def wanted(letter: replay.DeadLetter) -> bool:
        return event_id in (None, letter.event_id)

    with rabbitmq.session(settings.broker_url, name="console") as connection:
        if not go:
            count = sum(wanted(letter) for letter in replay.dead_letters(connection, (queue,)))
            click.echo(f"{count} dead letters would go back to {queue}. Add --go to do it.")
            return
        count = replay.redrive(connection, queue, wanted, accept_rejects=accept_rejects)
    click.echo(f"{count} dead letters went back to {queue}, each confirmed by the broker.")


@console.group()
def token() -> None:
    """Credentials that people supply."""


@token.command(name="set")
@click.argument("system", type=SYSTEMS)
@click.option("--stdin", "from_stdin", is_flag=True, help="read the token from standard input")
@click.option("--wait", default="20s", callback=lambda _c, _p, v: span(v), show_default=True, help="for the answer")
@told
def token_set(system: str, from_stdin: bool, wait: timedelta) -> None:
    """Give a new token: it is tried before it replaces one that works. It never goes over the road."""
    settings = load(Settings)
    text = sys.stdin.read() if from_stdin else click.prompt(f"Token for {system}", hide_input=True)
    if not text.strip():
        raise click.ClickException("the token is empty")
    supply(settings.tokens_dir, system, text)
    click.echo(f"The token lies there for {system}_extractor, which tries it now.")
    supplied = _say(settings, TokenSupplied(system=system, by=_who()))  # type: ignore[arg-type]
    with rabbitmq.session(settings.broker_url, name="console") as connection:
        answer = replay.answer_to(connection, supplied, seconds=wait.total_seconds())
    match answer.data if answer else None:
        case AuthRecovered():
            click.echo("It works, and is used from now on.")
        case AuthFailed(hint=hint, still_working=still_working):
            rest = "The one in use goes on." if still_working else "No other one works."
            raise click.ClickException(f"it was refused: {hint}. {rest}")
        case _:
            click.echo("Nobody has answered yet: is the extractor running? It tries the token as soon as it does.")


@console.command()
@click.argument("system", type=SYSTEMS)
@click.option("--scope", default=ALL_SCOPES)
@told
def extract(system: str, scope: str) -> None:
    """Ask an extractor to read now."""
    _say(load(Settings), RunNow(system=system, scope=scope, by=_who()))  # type: ignore[arg-type]
    click.echo(f"{system}_extractor was asked to read {scope} now.")


@console.group()
def removals() -> None:
    """Mass removals that wait for a person."""


@removals.command(name="list")
@told
def removals_list() -> None:
    """What waits, by scope."""
    click.echo(aligned(warehouse.pending_removals(connect(load(Settings).warehouse_url, name="console"))))


def _decision(name: str, decision: str) -> None:
    @removals.command(name=name, help=f"Record that these removals are {decision}; the transformer carries it out.")
    @click.argument("system", type=SYSTEMS)
    @click.option("--scope", help="only of this scope")
    @told
    def decide(system: str, scope: str | None) -> None:
        engine = connect(load(Settings).warehouse_url, name="console")
        count = warehouse.decide_removals(engine, system, scope, decision, by=_who(), at=clock.now())
        click.echo(f"{count} removals are {decision}.")


_decision("approve", "approved")
_decision("reject", "rejected")


def _say(settings: Settings, fact: Fact) -> Envelope[Fact]:
    envelope = first(fact, source=SOURCE, time=clock.now(), event_id=str(uuid4()))
    with (
        rabbitmq.session(settings.broker_url, name="console") as connection,
        rabbitmq.confirming(connection) as send,
    ):
        send(topology.EVENTS, envelope.routing_key, encode(envelope), rabbitmq.properties_of(envelope))
    return envelope


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "console"


if __name__ == "__main__":
    console(prog_name="python -m services.console")
