"""ultimate-notion works against the simulator with only its base address changed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import ultimate_notion
from ultimate_notion import Session, prop
from ultimate_notion.config import ENV_ULTIMATE_NOTION_CFG, Config, UNOCfg
from ultimate_notion.errors import UnknownDatabaseError, UnknownDataSourceError, UnknownPageError

from simulators.notion.settings import NotionSettings
from tests.contract.notion_office import EMPTY, Office, office
from tests.contract.simulated_notion import TOKEN, Stage


@pytest.fixture(scope="module")
def truth() -> Office:
    return office(230)


@pytest.fixture
def session(stage: Stage, truth: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Its own client, its own version; the configuration file is there because it insists on one."""
    own = tmp_path / "config.toml"
    own.write_text("", encoding="utf-8")
    monkeypatch.setenv(ENV_ULTIMATE_NOTION_CFG, str(own))
    stage.show(truth.workspace)
    configured = Config(ultimate_notion=UNOCfg(token=TOKEN, cfg_path=own))
    with Session(configured, base_url=stage.address) as opened:
        yield opened


def plain(kind: str, value: Any) -> Any:
    """Its objects as the plain values of the office's truth."""
    if value is None or (isinstance(value, list) and not value):
        return EMPTY.get(kind)
    match kind:
        case "title" | "rich_text":
            return value.to_plain_text()
        case "select" | "status" | "place":
            return value.name
        case "multi_select" | "files":
            return [item.name for item in value]
        case "people" | "relation":
            return [str(item.id) for item in value]
        case "created_by" | "last_edited_by":
            return str(value.id)
        case "created_time" | "last_edited_time":
            return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        case "date":
            return (iso(value.start), iso(value.end)) if hasattr(value, "start") else (iso(value), None)
        case "unique_id":
            prefix, _, number = value.partition("-")
            return prefix, int(number)
        case "verification":
            return value.state.value
        case _:
            return value


def iso(moment: date) -> str:
    return moment.isoformat(timespec="milliseconds") if isinstance(moment, datetime) else moment.isoformat()


def plain_row(page: ultimate_notion.Page, truth: Office) -> dict[str, Any]:
    columns = truth.workspace.data_sources[truth.source_id].properties
    return {name: plain(column.type, page.props[name]) for name, column in columns.items()}


def test_it_reads_a_whole_source_and_every_value_is_true(session, truth):
    pages = session.get_ds(truth.source_id).get_all_pages()
    assert {str(page.id): plain_row(page, truth) for page in pages} == truth.truth
    assert len(pages) == len(truth.truth)


def test_it_finds_the_database_its_data_sources_and_their_columns(session, truth):
    (found,) = session.search_ds("Clientes")
    (listed,) = session.get_db(truth.database_id).data_sources
    assert str(found.id) == str(listed.id) == truth.source_id
    columns = truth.workspace.data_sources[truth.source_id].properties
    shown = {column.name: column.obj_ref.type for column in listed.schema.get_props()}
    assert shown == {name: column.type for name, column in columns.items()}


def test_it_reads_each_data_source_of_a_database_that_has_several(session, stage):
    divided = office(3)
    other = divided.workspace.add_data_source(divided.database_id, "Inativos", {"Nome": "title"})
    closed = divided.workspace.create_page(other, {"Nome": "Encerrado"})
    stage.show(divided.workspace)
    views = session.get_db(divided.database_id).get_all_pages()
    assert [sorted(str(page.id) for page in view) for view in views] == [sorted(divided.truth), [closed]]


FILTERS: list[tuple[Any, Callable[[dict[str, Any]], bool]]] = [
    (prop("Nome").contains("João 1"), lambda row: "João 1" in row["Nome"]),
    (prop("Notas").is_empty(), lambda row: not row["Notas"]),
    (prop("Honorários") >= 1000, lambda row: (row["Honorários"] or 0) >= 1000),
    (prop("Regime") == "Simples", lambda row: row["Regime"] == "Simples"),
    (prop("Regime") != "Simples", lambda row: row["Regime"] != "Simples"),
    (prop("Etiquetas").contains("fiscal"), lambda row: "fiscal" in row["Etiquetas"]),
    (prop("Ativo") == True, lambda row: row["Ativo"]),  # noqa: E712
    (prop("E-mail").starts_with("contato2"), lambda row: (row["E-mail"] or "").startswith("contato2")),
    (prop("Prazo") > date(2026, 6, 1), lambda row: row["Prazo"] is not None and row["Prazo"][0] > "2026-06-01"),
    (prop("Criado em") < datetime(2026, 1, 5, 10, tzinfo=UTC), lambda row: row["Criado em"] < "2026-01-05T10:00"),
    (prop("Grupo").is_not_empty(), lambda row: bool(row["Grupo"])),
    (prop("Anexos").is_empty(), lambda row: not row["Anexos"]),
    (prop("Número") > 200, lambda row: row["Número"][1] > 200),
    (prop("Soma") > 100, lambda row: (row["Soma"] or 0) > 100),
    (prop("Resumo").contains("resumo 1"), lambda row: "resumo 1" in str(row["Resumo"])),
    (
        (prop("Regime") == "Real") & ((prop("Honorários") < 500) | (prop("Ativo") == False)),  # noqa: E712
        lambda row: row["Regime"] == "Real" and (row["Honorários"] < 500 or not row["Ativo"]),
    ),
]


@pytest.mark.parametrize(("condition", "true_of"), FILTERS, ids=[str(condition) for condition, _ in FILTERS])
def test_its_filters_find_what_is_true(session, truth, condition, true_of):
    found = session.get_ds(truth.source_id).query.filter(condition).execute()
    expected = {page_id for page_id, row in truth.truth.items() if true_of(row)}
    assert {str(page.id) for page in found} == expected
    assert 0 < len(expected) < len(truth.truth)


def test_its_sorts_order_by_value_and_then_by_time(session, truth):
    sorts = (prop("Regime").asc(), prop("Honorários").desc())
    found = session.get_ds(truth.source_id).query.filter(prop("Regime").is_not_empty()).sort(*sorts).execute()
    rows = [truth.truth[str(page.id)] for page in found]
    options = ("Simples", "Presumido", "Real")
    assert rows == sorted(rows, key=lambda row: (options.index(row["Regime"]), -row["Honorários"]))
    assert len(rows) > 100


def test_it_completes_relations_and_people_beyond_the_cut(session, stage):
    crowded = office(0)
    workspace = crowded.workspace
    groups = workspace.data_sources[crowded.source_id].properties["Grupo"].configuration["data_source_id"]
    many = [workspace.create_page(groups, {"Nome": f"g{n}"}) for n in range(130)]
    people = [workspace.add_person(f"Pessoa {n}", f"p{n}@example.com") for n in range(40)]
    verification = {"verification": {"state": "unverified", "verified_by": None, "date": None}}
    given = {"Grupo": many, "Responsáveis": people, "Verificação": verification}
    page_id = workspace.create_page(crowded.source_id, given)
    stage.show(workspace)
    page = session.get_page(page_id)
    assert [str(related.id) for related in page.props["Grupo"]] == many
    assert [str(person.id) for person in page.props["Responsáveis"]] == people


def test_it_reads_one_property_of_each_kind_by_itself(session, truth):
    columns = truth.workspace.data_sources[truth.source_id].properties
    page_id, row = list(truth.truth.items())[226]
    page = session.get_page(page_id)
    # It cannot read the list form in which a rollup is served there.
    read = {name: plain(column.type, page.get_property(name)) for name, column in columns.items() if name != "Soma"}
    assert read == {name: value for name, value in row.items() if name != "Soma"}


def test_it_knows_the_users_and_itself(session, truth):
    assert {str(user.id) for user in session.all_users()} == set(truth.workspace.users)
    assert str(session.whoami().id) == truth.workspace.bot_id


@pytest.mark.parametrize(
    ("get", "error"),
    [("get_db", UnknownDatabaseError), ("get_ds", UnknownDataSourceError), ("get_page", UnknownPageError)],
)
def test_it_tells_what_is_absent_or_not_shared(session, truth, get, error):
    with pytest.raises(error, match="does not exist or is not accessible"):
        getattr(session, get)("7855b161-f63e-4683-b7c7-8ca6e97ee266")


def test_a_cut_at_the_cap_looks_like_the_end_to_it(session, stage, truth):
    stage.show(truth.workspace, NotionSettings(row_cap=120))
    assert len(session.get_ds(truth.source_id).get_all_pages()) == 120 < len(truth.truth)
