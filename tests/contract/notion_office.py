"""A small Notion data source with a column of every type, and what is true in it, for the clients of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import Clock

SCHEMA: Mapping[str, Any] = {
    "Nome": "title",
    "Notas": "rich_text",
    "Honorários": {"number": {"format": "real"}},
    "Regime": {"select": ["Simples", "Presumido", "Real"]},
    "Situação": {"status": ["A fazer", "Em curso", "Feito"]},
    "Etiquetas": {"multi_select": ["folha", "fiscal", "contábil"]},
    "Prazo": "date",
    "Responsáveis": "people",
    "Anexos": "files",
    "Ativo": "checkbox",
    "Site": "url",
    "E-mail": "email",
    "Telefone": "phone_number",
    "Resumo": "formula",
    "Grupo": "relation",
    "Soma": {"rollup": {"function": "sum"}},
    "Criado em": "created_time",
    "Criado por": "created_by",
    "Editado em": "last_edited_time",
    "Editado por": "last_edited_by",
    "Número": {"unique_id": {"prefix": "CLI"}},
    "Verificação": "verification",
    "Botão": "button",
    "Lugar": "place",
}
OF_THE_PAGE = ("Criado em", "Criado por", "Editado em", "Editado por", "Número", "Botão")
FIRST = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
EMPTY: Mapping[str, Any] = {
    "title": "", "rich_text": "", "checkbox": False, "multi_select": [], "people": [], "files": [], "relation": [],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """`truth` holds each row's plain values by display name, under its id, oldest row first."""

    workspace: Workspace
    database_id: str
    source_id: str
    truth: dict[str, dict[str, Any]]


def office(rows: int) -> Office:
    """So many rows, a minute apart; every seventh has nothing but what a page has of itself, and is unverified."""
    workspace = Workspace(23, Clock(FIRST + timedelta(days=90)))
    people = [workspace.add_person(name, f"{name.lower()}@example.com") for name in ("Ana", "Bruno", "Clara")]
    related_to = workspace.create_database("Grupos", {"Nome": "title"}).data_source_ids[0]
    groups = [workspace.create_page(related_to, {"Nome": f"Grupo {n}"}) for n in range(5)]
    relation = {"relation": {"data_source_id": related_to}}
    database = workspace.create_database("Clientes", {**SCHEMA, "Grupo": relation})
    (source_id,) = database.data_source_ids
    columns = workspace.data_sources[source_id].properties
    rollup = {"relation_property_name": "Grupo", "relation_property_id": columns["Grupo"].decoded_id}
    columns["Soma"].configuration |= {**rollup, "rollup_property_name": "Nome", "rollup_property_id": "title"}
    truth = {}
    for n in range(rows):
        made = FIRST + timedelta(minutes=n)
        given = {"Verificação": _verification("unverified")} if n % 7 == 0 else _row(n, people, groups)
        page_id = workspace.create_page(source_id, given, created_time=made)
        at = made.strftime("%Y-%m-%dT%H:%M:00.000Z")
        own = (at, workspace.bot_id, at, workspace.bot_id, ("CLI", n + 1), None)
        truth[page_id] = {name: _plain_given(column.type, given.get(name)) for name, column in columns.items()} | dict(
            zip(OF_THE_PAGE, own, strict=True)
        )
    return Office(workspace, database.id, source_id, truth)


def _row(n: int, people: list[str], groups: list[str]) -> dict[str, Any]:
    day = date(2026, 1 + n % 12, 1 + n % 28)
    return {
        "Nome": f"Padaria São João {n}",
        "Notas": "observação, com vírgula; " * (n % 200),  # up to 5,000 characters: three segments
        "Honorários": n * 10.5 if n % 2 else n,
        "Regime": ("Simples", "Presumido", "Real")[n % 3],
        "Situação": ("A fazer", "Em curso", "Feito")[n % 3],
        "Etiquetas": ["folha", "fiscal", "contábil"][: n % 4],
        "Prazo": (day, day + timedelta(days=3)) if n % 3 == 0 else datetime(2026, 3, 1, 8, n % 60, tzinfo=UTC),
        "Responsáveis": people[: n % 4],
        "Anexos": [("contrato.pdf", f"https://files.example.com/{n}.pdf")][: n % 2],
        "Ativo": n % 2 == 0,
        "Site": f"https://cliente{n}.example.com",
        "E-mail": f"contato{n}@example.com",
        "Telefone": f"+55 11 90000-{n:04d}",
        "Resumo": f"resumo {n}" if n % 2 else n,
        "Grupo": groups[: n % 6],
        "Soma": n * 2,
        "Verificação": _verification("verified"),
        "Lugar": {"place": {"lat": -23.5 + n, "lon": -46.6, "name": f"Loja {n}", "address": None}},
    }


def _verification(state: str) -> dict[str, Any]:
    return {"verification": {"state": state, "verified_by": None, "date": None}}


def _plain_given(kind: str, value: Any) -> Any:
    if value is None:
        return EMPTY.get(kind)
    match kind:
        case "date":
            start, end = value if isinstance(value, tuple) else (value, None)
            return _iso(start), _iso(end)
        case "files":
            return [name for name, _ in value]
        case "verification":
            return value["verification"]["state"]
        case "place":
            return value["place"]["name"]
        case _:
            return value


def _iso(moment: date | None) -> str | None:
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="milliseconds")
    return None if moment is None else moment.isoformat()


def plain_row(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The same plain values out of a row's `properties` as the API gives them."""
    return {name: plain_cell(cell) for name, cell in properties.items()}


def plain_cell(cell: Mapping[str, Any]) -> Any:
    """One value of `properties`, plain."""
    kind = cell["type"]
    value = cell[kind]
    if value is None or value == {}:
        return None
    match kind:
        case "title" | "rich_text":
            return "".join(part["plain_text"] for part in value)
        case "select" | "status" | "place":
            return value["name"]
        case "multi_select" | "files":
            return [item["name"] for item in value]
        case "date":
            return value["start"], value["end"]
        case "people" | "relation":
            return [item["id"] for item in value]
        case "formula" | "rollup":
            return value[value["type"]]
        case "created_by" | "last_edited_by":
            return value["id"]
        case "unique_id":
            return value["prefix"], value["number"]
        case "verification":
            return value["state"]
        case _:
            return value
