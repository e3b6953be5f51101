"""A task in Gestta's two shapes: the report's flat row and the search's nested one."""

import json
import zlib
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from simulators.world.calendar import BRASILIA, DAY, add_months, local_date
from simulators.world.model import (
    DONE,
    DOWNLOADED,
    FOREVER,
    GENERATES_FINE,
    LIVE,
    NOBODY,
    NOTIFIES,
    Client,
    Person,
    Task,
)
from simulators.world.obligations import DEPARTMENTS

PARENTS = ("customer", "owner", "company_department", "company_task")


def department_id(index: int) -> str:
    return f"5d{index:022x}"


def template_id(task: Task) -> str:
    return f"c0{task.department:06x}{zlib.crc32(task.title.encode()):016x}"


def instant(day: date, task_id: str) -> str:
    """A calendar day as Gestta writes it: mostly Brazilian midnight in UTC, also the day's last instant,
    and once in 256 a bare date."""
    midnight, bare, end = _written(day)
    if task_id.endswith("00"):
        return bare
    return end if task_id.endswith(("7", "c")) else midnight


@lru_cache(maxsize=4096)
def _written(day: date) -> tuple[str, str, str]:
    text = day.isoformat()
    return f"{text}T03:00:00.000Z", f"{text}T00:00:00.000Z", f"{(day + DAY).isoformat()}T02:59:59.999Z"


@lru_cache(maxsize=4096)
def _week(day: date) -> int:
    return day.isocalendar().week


_quoted = lru_cache(maxsize=4096)(json.dumps)


def moment(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC).isoformat()[:19]}.000Z"


def competence_instant(month: date, task_id: str) -> str:
    """The month's first day or its last instant, both in São Paulo and both in UTC."""
    if task_id.endswith(("3", "9")):
        return f"{add_months(month, 1).isoformat()}T02:59:59.999Z"
    return f"{month.isoformat()}T03:00:00.000Z"


class Writer:
    """Writes the tasks of one consistent moment; what many rows share is written once."""

    def __init__(self, clients: tuple[Client, ...], people: tuple[Person, ...], now: datetime) -> None:
        self.clients = clients
        self.people = people
        self.today = local_date(now)
        self._client_parts: dict[int, str] = {}

    @cached_property
    def _people_parts(self) -> list[tuple[str, str]]:
        return [
            (
                f'"owner.name":{json.dumps(person.name)},"owner.role":{json.dumps(person.role)}',
                f'"concluded_by.name":{json.dumps(person.name)},"concluded_by.role":{json.dumps(person.role)}',
            )
            for person in self.people
        ]

    def _client_part(self, index: int) -> str:
        part = self._client_parts.get(index)
        if part is None:
            client = self.clients[index]
            values: dict[str, Any] = {
                "customer.name": client.name,
                "customer.code": client.code,
                "customer.cnpj": client.document,
                "customer.active": client.active,
                "customer.federal_regime.name": client.regime,
                "customer.state_regime.name": client.state_regime,
                "customer.municipal_regime.name": client.municipal_regime,
                "customer.monthly_payment": client.monthly_payment,
                "customer.monthly_day_payment": client.payment_day,
            }
            present = {key: value for key, value in values.items() if value is not None}
            if client.regime is None:
                present["customer.federal_regime"] = None
            if index % 11 == 0:
                present["customer.company_groupers"] = ["Grupo Fictício"]
            part = json.dumps(present)[1:-1]
            self._client_parts[index] = part
        return part

    def flat(self, task: Task) -> str:
        """The report's row as JSON text: dotted keys, and no key where there is no value."""
        due = task.due
        late = due < self.today and task.status in LIVE
        parts = [
            f'"id":"{task.id}","name":{_quoted(task.title)},"type":"{task.type}","subtype":"{task.subtype}"',
            f'"status":"{task.status}","_due_date":"{instant(due, task.id)}","due_iso_week":{_week(due)}',
            f'"created_at":"{moment(task.created)}","overdue":{_bool(late)}',
            f'"fine":{_bool(task.flags & GENERATES_FINE)},"downloaded":{_bool(task.flags & DOWNLOADED)}',
            f'"notify_customer":{_bool(task.flags & NOTIFIES)}',
            f'"company_department.name":"{DEPARTMENTS[task.department]}"',
            self._client_part(task.client),
            '"company.name":"Contabilidade Faz-de-Conta","company.status":"PRODUCTION","company_task.score":1',
        ]
        if task.legal is not None:
            parts.append(f'"legal_date":"{instant(task.legal, task.id)}"')
        if task.owner != NOBODY:
            parts.append(self._people_parts[task.owner][0])
        elif task.id.endswith(("1", "5", "a")):
            parts.append('"owner":null')
        if task.status == DONE:
            parts.append(self._conclusion(task))
        if task.flags & FOREVER:
            parts.append('"_forever":true')
        if task.value is not None:
            parts.append(f'"value":{task.value}')
        if task.subtype == "FREE" and task.status == DONE:
            parts.append(f'"document_request.requested_documents_upload_date":"{moment(task.concluded)}"')
        return "{" + ",".join(parts) + "}"

    def _conclusion(self, task: Task) -> str:
        day = datetime.fromtimestamp(task.concluded, BRASILIA).date()
        fined = bool(task.flags & GENERATES_FINE) and task.legal is not None and day > task.legal
        text = (
            f'"conclusion_date":"{moment(task.concluded)}","on_time":{_bool(day <= task.due)},'
            f'"done_overdue":{_bool(day > task.due)},"done_fine":{_bool(fined)}'
        )
        return text if task.concluded_by == NOBODY else f"{text},{self._people_parts[task.concluded_by][1]}"

    def nested(self, task: Task, parents: str = "object") -> dict[str, Any]:
        """The search's row; its `parents` as objects, as bare ids, missing, or each row its own way."""
        client = self.clients[task.client]
        row: dict[str, Any] = {
            "_id": task.id,
            "name": task.title,
            "type": task.type,
            "subtype": task.subtype,
            "status": task.status,
            "customer": {"_id": client.id, "name": client.name, "code": client.code, "cnpj": client.document},
            "owner": None,
            "company_department": {
                "_id": department_id(task.department),
                "name": DEPARTMENTS[task.department],
            },
            "company_task": {"_id": template_id(task), "name": task.title},
            "due_date": instant(task.due, task.id),
            "overdue": task.due < self.today and task.status in LIVE,
            "fine": bool(task.flags & GENERATES_FINE),
            "company_documents": [],
            "documents": [],
        }
        if client.code is None:
            del row["customer"]["code"]
        if task.owner != NOBODY:
            row["owner"] = {"_id": self.people[task.owner].id, "name": self.people[task.owner].name}
        if task.legal is not None:
            row["legal_date"] = instant(task.legal, task.id)
        if task.competence is not None:
            row["competence_date"] = competence_instant(task.competence, task.id)
        if task.status == DONE:
            row["conclusion_date"] = moment(task.concluded)
        return _with_parents(row, parents)

    def whole(self, task: Task, parents: str = "object") -> dict[str, Any]:
        """One task asked for by id: the search's row with its checklist and who made it."""
        done = task.status == DONE
        row = self.nested(task, parents) | {
            "created_at": moment(task.created),
            "customer_task_steps": [
                {"name": name, "order": order, "done": done}
                for order, name in enumerate(("Receber documentos", "Conferir", "Entregar ao cliente"), start=1)
            ],
        }
        if task.subtype != "AUTOMATIC":
            row["created_by"] = {"name": self.people[task.client % len(self.people)].name}
        return row


def _with_parents(row: dict[str, Any], how: str) -> dict[str, Any]:
    if how == "mixed":
        how = ("object", "id", "missing")[int(row["_id"][-2:], 16) % 3]
    if how == "missing":
        return {key: value for key, value in row.items() if key not in PARENTS}
    if how == "id":
        return row | {key: row[key]["_id"] for key in PARENTS if row[key] is not None}
    return row


def _bool(value: object) -> str:
    return "true" if value else "false"


def parsed(value: object) -> datetime | None:
    """A date of a request, with its offset; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def days_within(start: datetime, end: datetime) -> tuple[date, date]:
    """The Brazilian days whose midnight lies between two moments, both included."""
    first, last = local_date(start), local_date(end)
    starts_at_midnight = start.astimezone(BRASILIA).time() == datetime.min.time()
    return (first if starts_at_midnight else first + timedelta(days=1)), last
