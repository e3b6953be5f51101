"""The office at its first moment, all from the seed."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from html import unescape
from random import Random

from simulators.world import names
from simulators.world.calendar import DAY, add_months, local_date, midnight, on_or_after
from simulators.world.documents import any_cnpj, any_cpf, formatted
from simulators.world.model import (
    DISCONSIDERED,
    DONE,
    DOWNLOADED,
    FOREVER,
    GENERATES_FINE,
    IMPEDIMENT,
    NOBODY,
    NOTIFIES,
    OPEN,
    Client,
    Entry,
    Person,
    Task,
)
from simulators.world.obligations import (
    ALL,
    DEPARTMENTS,
    ISENTA,
    MANUAL,
    MEI,
    MONTHLY,
    ORDERS,
    SIMPLES,
    YEARLY,
    Obligation,
)

RECURRENT_SHARE = 0.85
STATES = ("Ativo", "Em implantação", "Suspenso", "Encerrado")


def new_id(rng: Random, created: int) -> str:
    """24 hex digits that begin with their birth, as MongoDB makes them."""
    return f"{created & 0xFFFFFFFF:08x}{rng.getrandbits(64):016x}"


def make_people(rng: Random, count: int, born: int) -> tuple[Person, ...]:
    people = []
    for index in range(count):
        name = names.person(index)
        role = names.ROLES[0 if index >= 20 else index % len(names.ROLES)]
        people.append(
            Person(new_id(rng, born), name, f"pessoa{index + 1}@escritorio.example", role, index % len(DEPARTMENTS))
        )
    return tuple(people)


def make_client(rng: Random, index: int, born: int) -> Client:
    """Codes come as people typed them over the years: padded text, numbers, letters, and three times nothing."""
    number = index + 1
    code: str | int | None = f"{number:04d}"
    if index % 9 == 4:
        code = number
    elif index % 25 == 7:
        code = f"{rng.choice('ABF')}{number:03d}"
    elif index % 300 == 150:
        code = None
    person = rng.random() < 0.03
    regime = rng.choices(ALL, (58, 18, 6, 12, 6))[0]
    name = names.person(index + 90) if person else names.legal_name(index)
    document = any_cpf(rng) if person else any_cnpj(rng)
    if rng.random() < 0.05:
        name = name.replace(" ", "&#x20;" if rng.random() < 0.5 else "&nbsp;", 1)
    return Client(
        id=new_id(rng, born),
        name=name,
        code=code,
        document=formatted(document) if rng.random() < 0.3 else document,
        regime=None if rng.random() < 0.02 else regime,
        state_regime=None if regime in (MEI, ISENTA) else "Simples Nacional" if regime == SIMPLES else "Normal",
        municipal_regime="Fixo" if rng.random() < 0.2 else None,
        active=rng.random() > 0.06,
        monthly_payment=round(rng.uniform(180, 6000), 2) if rng.random() < 0.7 else None,
        payment_day=rng.choice((5, 10, 15, 20)) if rng.random() < 0.7 else None,
    )


def make_entry(rng: Random, key: int, client: Client, people: tuple[Person, ...], today: date) -> Entry:
    """The client's page: the same code, written as another person would."""
    text = str(client.code)
    if key % 6 == 2 and text.isdigit():
        text = text.lstrip("0")
    elif key % 40 == 11:
        text = f" {text} "
    since = add_months(date(today.year, today.month, 1), -rng.randrange(2, 120))
    return Entry(
        key=key,
        code=text,
        trade_name=" ".join(unescape(client.name).split()).split(" Fictícia")[0],
        since=None if rng.random() < 0.03 else since,
        state=None if rng.random() < 0.02 else rng.choices(STATES, (88, 6, 3, 3))[0],
        manager=None if rng.random() < 0.04 else rng.choice(people[: max(5, len(people) // 4)]).name,
    )


def make_register(
    rng: Random, clients: tuple[Client, ...], people: tuple[Person, ...], today: date
) -> tuple[Entry, ...]:
    """A page per client, but: a few clients without, three pages without a client, one code used twice."""
    entries = [
        make_entry(rng, key, client, people, today)
        for key, client in enumerate(clients)
        if client.code is not None and key % 97 != 13
    ]
    template, doubled = entries[0], entries[min(4, len(entries) - 1)]
    stray = len(clients)
    entries += [
        replace(template, key=stray + number, code=f"99{number:02d}9", trade_name=f"Página sem Cliente {number + 1}")
        for number in range(3)
    ]
    entries.append(replace(doubled, key=stray + 3, trade_name="Cadastro em Dobro (mais novo)", state="Em implantação"))
    return tuple(entries)


def subscriptions(rng: Random, clients: tuple[Client, ...], monthly: int) -> list[tuple[int, str, Obligation]]:
    """Which client has which obligation, `monthly` in all: by regime first, more by hand where that is too few."""
    pairs = [
        (index, obligation.name, obligation)
        for index, client in enumerate(clients)
        for obligation in MONTHLY
        if client.active and (client.regime or SIMPLES) in obligation.regimes
    ]
    if len(pairs) >= monthly:
        return rng.sample(pairs, monthly)
    for extra in range(monthly - len(pairs)):
        obligation = MANUAL[extra % len(MANUAL)]
        number = extra // (len(MANUAL) * len(clients))
        name = obligation.name if number == 0 else f"{obligation.name} (filial {number})"
        pairs.append((extra // len(MANUAL) % len(clients), name, obligation))
    return pairs


class Generator:
    """Makes tasks as the office would have them on `now`: done and late in the past, open ahead."""

    def __init__(self, rng: Random, clients: tuple[Client, ...], people: tuple[Person, ...], now: datetime) -> None:
        self.rng = rng
        self.now = int(now.timestamp())
        self.today = local_date(now)
        self.teams = [
            [index for index, person in enumerate(people) if person.department == department]
            for department in range(len(DEPARTMENTS))
        ]
        self.clients = clients
        self._epochs: dict[date, int] = {}
        self._due: dict[tuple[str, date], tuple[date, date]] = {}

    def _epoch(self, day: date) -> int:
        if day not in self._epochs:
            self._epochs[day] = int(midnight(day).timestamp())
        return self._epochs[day]

    def _deadlines(self, obligation: Obligation, period: date) -> tuple[date, date]:
        """The office's own day and the law's."""
        key = obligation.name, period
        if key not in self._due:
            self._due[key] = obligation.due(period), obligation.deadline.of(period)
        return self._due[key]

    def _owner(self, client: int, department: int) -> int:
        """A client keeps its person in each department; one task in thirty has nobody."""
        team = self.teams[department]
        return NOBODY if self.rng.random() < 0.033 else team[(client * 7 + department) % len(team)]

    def _outcome(self, due: date, created: int, owner: int) -> tuple[str, int, int]:
        """Status, moment of conclusion, who concluded."""
        draw = self.rng.random()
        ahead = (due - self.today).days
        done_share = 0.955 if ahead < -10 else 0.85 if ahead < 0 else 0.35 if ahead < 7 else 0.04 if ahead < 30 else 0
        if draw < done_share:
            late = self.rng.random() < 0.09
            days = self.rng.randrange(1, 6) if late else -self.rng.randrange(9)
            moment = self._epoch(due) + days * 86_400 + 32_400 + self.rng.randrange(32_400)
            moment = max(created, min(moment, self.now - self.rng.randrange(1, 30_000)))
            return DONE, moment, owner if owner != NOBODY else self.teams[0][0]
        rest = (draw - done_share) / (1 - done_share)
        if rest < (0.4 if ahead < 0 else 0.015):
            return DISCONSIDERED, 0, NOBODY
        if rest < (0.55 if ahead < 0 else 0.035):
            return IMPEDIMENT, 0, NOBODY
        return OPEN, 0, NOBODY

    def task(
        self,
        client: int,
        title: str,
        department: int,
        subtype: str,
        *,
        due: date,
        legal: date | None,
        competence: date | None,
        created_on: date,
        fine: bool,
        fresh: bool = False,
    ) -> Task:
        """One task; `fresh` ones are just generated and untouched."""
        rng = self.rng
        created = self.now if fresh else min(self._epoch(created_on) + rng.randrange(86_400), self.now)
        owner = self._owner(client, department)
        status, concluded, by = (OPEN, 0, NOBODY) if fresh else self._outcome(due, created, owner)
        draw = rng.random()
        flags = (GENERATES_FINE if fine else 0) | (NOTIFIES if draw < 0.4 else 0)
        if status == DONE and draw < 0.3:
            flags |= DOWNLOADED
        elif status == DISCONSIDERED and draw < 0.2:
            flags |= FOREVER
        recurrent = subtype in ("AUTOMATIC", "MANUAL")
        return Task(
            id=new_id(rng, created),
            title=title,
            client=client,
            type="RECURRENT" if recurrent else "SERVICE_ORDER",
            subtype=subtype,
            status=status,
            department=department,
            owner=owner,
            due=due,
            legal=legal,
            competence=competence,
            created=created,
            concluded=concluded,
            concluded_by=by,
            flags=flags,
            value=None if recurrent or draw > 0.5 else round(80 + draw * 900, 2),
        )

    def recurring(self, client: int, name: str, obligation: Obligation, period: date, *, fresh: bool = False) -> Task:
        due, legal = self._deadlines(obligation, period)
        return self.task(
            client,
            name,
            obligation.department,
            "AUTOMATIC" if obligation.automatic else "MANUAL",
            due=due,
            legal=legal if obligation.fine else None,
            competence=period,
            created_on=period,
            fine=obligation.fine,
            fresh=fresh,
        )

    def order(self, client: int, due: date, *, fresh: bool = False) -> Task:
        name, department, subtype = ORDERS[self.rng.randrange(len(ORDERS))]
        text = name.replace(" ", "&#32;", 1) if self.rng.random() < 0.02 else name
        created_on = due - self.rng.randrange(2, 20) * DAY
        return self.task(
            client,
            text,
            department,
            subtype,
            due=due,
            legal=None,
            competence=due.replace(day=1),
            created_on=created_on,
            fine=False,
            fresh=fresh,
        )

    def _kept(self, due: date) -> bool:
        """The future is generated only in part: all of the next two months, then less and less."""
        ahead = (due - self.today).days
        return ahead <= 60 or self.rng.random() < (0.4 if ahead < 150 else 0.08)

    def all_tasks(self, per_quarter: int) -> Iterator[Task]:
        """From January of last year to December of next year, and a few open ones that are older still."""
        if per_quarter == 0:
            return
        first, last = date(self.today.year - 1, 1, 1), date(self.today.year + 1, 12, 31)
        monthly = math.ceil(per_quarter / 3)
        subscribed = subscriptions(self.rng, self.clients, round(monthly * RECURRENT_SHARE))
        active = [index for index, client in enumerate(self.clients) if client.active] or [0]
        yearly = self._yearly(len(subscribed), active)
        for offset in range(-2, 36):
            period = add_months(first, offset)
            for client, name, obligation in subscribed:
                due, _ = self._deadlines(obligation, period)
                if first <= due <= last and self._kept(due):
                    yield self.recurring(client, name, obligation, period)
            for client, obligation in yearly:
                if period.month not in obligation.months:
                    continue
                due, _ = self._deadlines(obligation, period)
                if first <= due <= last and self._kept(due):
                    yield self.recurring(client, obligation.name, obligation, period)
            if offset >= 0:
                yield from self._orders(period, monthly, active)
        for number in range(min(12, per_quarter // 20)):
            task = self.order(number % len(self.clients), on_or_after(date(first.year - 1, 9, 1) + number * 7 * DAY))
            yield task._replace(status=OPEN, concluded=0, concluded_by=NOBODY)

    def _yearly(self, monthly: int, active: list[int]) -> list[tuple[int, Obligation]]:
        share = min(1.0, monthly / (5 * len(active)))
        return [
            (client, obligation)
            for client in active
            for obligation in YEARLY
            if (self.clients[client].regime or SIMPLES) in obligation.regimes and self.rng.random() < share
        ]

    def _orders(self, period: date, monthly: int, active: list[int]) -> Iterator[Task]:
        for _ in range(round(monthly * (1 - RECURRENT_SHARE))):
            due = on_or_after(period + timedelta(days=self.rng.randrange(28)))
            if self._kept(due):
                yield self.order(self.rng.choice(active), due)
