"""What the doctor hears of Notion: each source tried for real, and in Portuguese what is wrong and what to do."""

import json

import pytest

from services.notion_extractor import check
from services.notion_extractor.settings import Settings
from shared.settings import load
from tests.integration.notion_extractor.conftest import SCHEMA, SOURCE_ID, error, reply

pytestmark = pytest.mark.integration
SCHEMA_PATH = f"/v1/data_sources/{SOURCE_ID}"
FORBIDDEN = reply(403, error(403, "restricted_resource", "Insufficient permissions for this endpoint."))


@pytest.fixture
def asked(capsys):
    """Ask as the doctor does; returns the exit code and what was said of each thing by its name."""

    def ask(office, mappings=None):
        given = {"AMQP_URL": "amqp://x@localhost/", "NOTION_SOURCES": ",".join(office.sources)}
        settings = load(
            Settings, {**given, "NOTION_API_URL": office.url, "LANDING_URL": str(office.folder / "landing")}
        )
        code = check.main(settings, office.extract.tokens.credentials, mappings or {})
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, {each["check"]: (each["ok"], each["said"]) for each in told}

    return ask


@pytest.mark.parametrize("path", ["/v1/databases/", SCHEMA_PATH], ids=["the database", "the schema"])
def test_a_connection_that_may_not_read_content_is_told_what_to_tick(room, source, asked, path):
    source.replies["/v1/databases/"] = reply(body={"object": "database", "data_sources": [{"id": SOURCE_ID}]})
    source.replies[path] = FORBIDDEN
    code, told = asked(room(SOURCE_ID, url=source.url))
    ok, said = told[f"notion source {SOURCE_ID}"]
    assert (code, ok, told["notion token"][0]) == (1, False, True)
    assert "marque a capacidade Read content" in said


def test_a_token_that_ends_meanwhile_is_named(room, source, asked):
    source.replies[SCHEMA_PATH] = reply(401, error(401, "unauthorized"))
    code, told = asked(room(SOURCE_ID, url=source.url))
    ok, said = told[f"notion source {SOURCE_ID}"]
    assert (code, ok) == (1, False)
    assert "deixou de aceitar o token (401)" in said


def test_each_data_source_is_shown_by_its_own_mapping_and_a_table_of_nobodys_is_a_failed_check(room, workspace, asked):
    columns = {"Código": "title", "Feito em": "date"}
    database = workspace.create_database("Escritório", columns, data_sources=["Clientes", "Tarefas"])
    clients, tasks = database.data_source_ids
    mappings = {tasks: {"role": "tasks", "fields": {"completed_at": "Feito em"}}, SOURCE_ID: {"role": "tasks"}}
    code, told = asked(room(database.id), mappings)
    assert told[f"notion source {database.id}"] == (
        True,
        "clients: title=Código, client_code=Código; tasks: title=Código, completed_at=Feito em, client_code=Código",
    )
    ok, said = told[f"notion mapping {SOURCE_ID}"]
    assert (code, ok) == (1, False)
    assert "não está em NOTION_SOURCES" in said
    assert clients in said


def test_whose_a_table_is_waits_until_every_entry_is_known(room, source, asked):
    source.replies[SCHEMA_PATH] = FORBIDDEN
    _, told = asked(room(SOURCE_ID, url=source.url), {"99999999-2222-4333-8444-555555555555": {}})
    assert set(told) == {"landing", "notion token", f"notion source {SOURCE_ID}"}


def test_a_source_that_can_be_read_says_what_feeds_what(room, source, asked):
    source.replies[SCHEMA_PATH] = reply(body=SCHEMA)
    code, told = asked(room(SOURCE_ID, url=source.url))
    assert (code, told[f"notion source {SOURCE_ID}"]) == (0, (True, "clients: title=Código, client_code=Código"))
