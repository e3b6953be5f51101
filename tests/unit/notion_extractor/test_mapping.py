"""Which property feeds which field."""

from typing import Any

import pytest

from services.notion_extractor.mapping import relations, resolve
from shared.errors import Rejected

REGISTER: dict[str, Any] = {
    "Código Domínio": {"id": "title", "type": "title"},
    "Nome Fantasia": {"id": "aa", "type": "rich_text"},
    "1ª Competência": {"id": "bb", "type": "date"},
    "Estado": {"id": "cc", "type": "select"},
    "Gestão de Clientes": {"id": "dd", "type": "relation", "relation": {"data_source_id": "people"}},
    "CNPJ": {"id": "ee", "type": "rich_text"},
    "Observações": {"id": "ff", "type": "rich_text"},
}
ENGLISH = {
    "Name": {"id": "title", "type": "title"},
    "Client code": {"id": "aa", "type": "number"},
    "Manager": {"id": "bb", "type": "people"},
    "State": {"id": "cc", "type": "select"},
    "Start": {"id": "dd", "type": "date"},
    "Tax ID": {"id": "ee", "type": "rich_text"},
}
TASKS = {
    "Tarefa": {"id": "title", "type": "title"},
    "Situação": {
        "id": "st",
        "type": "status",
        "status": {
            "options": [
                {"id": "1", "name": "Na fila"},
                {"id": "2", "name": "Revisando"},
                {"id": "3", "name": "Entregue"},
                {"id": "4", "name": "Cancelada"},
                {"id": "5", "name": "Bloqueado"},
                {"id": "6", "name": "Sem grupo"},
            ],
            "groups": [
                {"name": "To-do", "option_ids": ["1"]},
                {"name": "In progress", "option_ids": ["2", "5"]},
                {"name": "Complete", "option_ids": ["3", "4", "gone"]},
            ],
        },
    },
    "Responsável": {"id": "ow", "type": "people"},
    "Prazo": {"id": "du", "type": "date"},
    "Prazo Legal": {"id": "le", "type": "date"},
    "Concluída em": {"id": "co", "type": "date"},
    "Competência": {"id": "cm", "type": "date"},
}


def fed(mapping):
    return {field: feed["name"] for field, feed in mapping["fields"].items()}


def test_the_offices_register_is_understood_without_a_mapping_file():
    mapping = resolve({"properties": REGISTER}, {})
    assert mapping["role"] == "clients"
    assert fed(mapping) == {
        "title": "Código Domínio",
        "client_code": "Código Domínio",
        "trade_name": "Nome Fantasia",
        "client_since": "1ª Competência",
        "client_state": "Estado",
        "client_manager": "Gestão de Clientes",
        "client_document": "CNPJ",
    }
    assert mapping["fields"]["client_since"] == {
        "id": "bb",
        "name": "1ª Competência",
        "type": "date",
        "known_as": "1ª Competência",
    }


def test_english_names_are_understood_too():
    assert fed(resolve({"properties": ENGLISH}, {})) == {
        "title": "Name",
        "client_code": "Client code",
        "trade_name": "Name",
        "client_manager": "Manager",
        "client_state": "State",
        "client_since": "Start",
        "client_document": "Tax ID",
    }


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("1.ª COMPETÊNCIA", "client_since"),
        ("Primeira competência", "client_since"),
        ("  gestor   de clientes ", "client_manager"),
        ("Razão Social", "trade_name"),
        ("UF", "client_state"),
        ("1a. Competência", "client_since"),
        ("1° competencia", "client_since"),
        ("CÓDIGO DOMÍNIO", "client_code"),
        ("Co\u0301digo", "client_code"),
        ("Account manager", "client_manager"),
        ("Start date", "client_since"),
        ("Company name", "trade_name"),
        ("CNPJ/CPF", "client_document"),
    ],
    ids=str,
)
def test_case_accents_and_punctuation_count_for_nothing(name, field):
    schema = {"properties": {"T": {"id": "title", "type": "title"}, name: {"id": "x", "type": "rich_text"}}}
    assert resolve(schema, {})["fields"][field]["name"] == name


def test_a_client_source_without_a_code_is_known_by_its_title():
    assert fed(resolve({"properties": {"Cliente": {"id": "title", "type": "title"}}}, {})) == {
        "title": "Cliente",
        "client_code": "Cliente",
    }


def test_an_empty_schema_feeds_nothing():
    assert resolve({}, {})["fields"] == {}


def test_the_mapping_file_goes_before_the_names():
    own = {"fields": {"client_manager": "Observações", "client_code": "CNPJ"}}
    mapping = fed(resolve({"properties": REGISTER}, own))
    assert (mapping["client_manager"], mapping["client_code"]) == ("Observações", "CNPJ")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"fields": {"client_code": "Codigo"}}, "no property 'Codigo'; there are 1ª Competência, CNPJ, Código Domínio"),
        ({"fields": {"colour": "Estado"}}, "clients have no field 'colour'; there are client_code, client_document"),
        ({"role": "people"}, "role 'people' is neither `clients` nor `tasks`"),
    ],
    ids=["a property that is not there", "a field that is not there", "a role that is not there"],
)
def test_what_does_not_exist_is_named_with_what_does(own, said):
    with pytest.raises(Rejected) as caught:
        resolve({"properties": REGISTER}, own)
    assert said in str(caught.value)


def test_a_tasks_status_takes_its_group_and_known_words_go_before_it():
    mapping = resolve({"properties": TASKS}, {"role": "tasks"})
    assert mapping["statuses"] == {
        "Na fila": "open",
        "Revisando": "in_progress",
        "Entregue": "done",
        "Cancelada": "cancelled",
        "Bloqueado": "blocked",
    }
    assert fed(mapping) == {
        "title": "Tarefa",
        "source_status": "Situação",
        "owner": "Responsável",
        "due_date": "Prazo",
        "legal_due_date": "Prazo Legal",
        "completed_at": "Concluída em",
        "competence": "Competência",
    }


def test_the_mapping_file_may_say_what_a_word_means():
    own = {"role": "tasks", "statuses": {"Sem grupo": "blocked", "Entregue": "open"}}
    statuses = resolve({"properties": TASKS}, own)["statuses"]
    assert (statuses["Sem grupo"], statuses["Entregue"]) == ("blocked", "open")


def test_a_select_serves_as_status_by_its_words():
    options = [{"id": "1", "name": "Concluído"}, {"id": "2", "name": "Talvez"}]
    schema = {"properties": {"Status": {"id": "s", "type": "select", "select": {"options": options}}}}
    assert resolve(schema, {"role": "tasks"})["statuses"] == {"Concluído": "done"}


def test_a_meaning_that_the_house_does_not_know_is_refused():
    with pytest.raises(Rejected, match="finished"):
        resolve({"properties": TASKS}, {"role": "tasks", "statuses": {"Entregue": "finished"}})


def test_mapped_relations_name_the_source_of_their_titles():
    schema = {"properties": REGISTER}
    assert relations(schema, resolve(schema, {})) == {"dd": "people"}
    assert relations(schema, resolve(schema, {"fields": {"client_manager": "Estado"}})) == {}


def renamed(**names: str) -> dict[str, dict[str, Any]]:
    """The register with other names for some of its properties."""
    return {"properties": {names.get(each["id"], name): each for name, each in REGISTER.items()}}


def test_a_renamed_property_goes_on_feeding_its_field():
    before = resolve({"properties": REGISTER}, {})
    once = resolve(renamed(dd="Quem cuida"), {}, before)
    twice = resolve(renamed(dd="Dono da conta"), {}, once)
    assert [fed(each)["client_manager"] for each in (once, twice)] == ["Quem cuida", "Dono da conta"]
    assert twice["fields"]["client_manager"]["known_as"] == "Gestão de Clientes"


def test_a_rename_keeps_what_the_mapping_file_names():
    own = {"fields": {"client_manager": "Observações"}}
    before = resolve({"properties": REGISTER}, own)
    assert fed(resolve(renamed(ff="Notas"), own, before))["client_manager"] == "Notas"
    with pytest.raises(Rejected, match="no property 'Observações'"):
        resolve(renamed(ff="Notas"), own, None)


def test_a_new_property_by_the_old_name_goes_before_the_renamed_one():
    before = resolve({"properties": REGISTER}, {})
    schema = renamed(dd="Antigo gestor")
    schema["properties"]["Gestor"] = {"id": "nn", "type": "people"}
    assert fed(resolve(schema, {}, before))["client_manager"] == "Gestor"


def test_what_the_mapping_file_no_longer_names_is_let_go():
    before = resolve({"properties": REGISTER}, {"fields": {"client_manager": "Observações"}})
    assert fed(resolve({"properties": REGISTER}, {}, before))["client_manager"] == "Gestão de Clientes"
    without = {name: each for name, each in REGISTER.items() if each["id"] != "dd"}
    assert "client_manager" not in fed(resolve({"properties": without}, {}, before))


def test_another_role_starts_anew():
    before = resolve({"properties": REGISTER}, {})
    assert "owner" not in fed(resolve({"properties": REGISTER}, {"role": "tasks"}, before))


@pytest.mark.parametrize(
    "properties",
    [
        [],
        {"A": None},
        {"A": {"type": "title"}},
        {"A": {"id": "a"}},
        {"A": {"id": "a", "type": 7}},
        {"Status": {"id": "s", "type": "status", "status": {"options": [None], "groups": [7]}}},
        {"Status": {"id": "s", "type": "status", "status": {"groups": [{"name": "Complete", "option_ids": 7}]}}},
        {"Status": {"id": "s", "type": "status", "status": {"groups": [{"name": 7, "option_ids": [None, {}]}]}}},
        {"Status": {"id": "s", "type": "status", "status": 7}},
    ],
    ids=[
        "a list",
        "null",
        "no id",
        "no type",
        "a number as type",
        "wrong options",
        "ids that are none",
        "odd ids",
        "no definition",
    ],
)
def test_a_schema_of_another_shape_feeds_nothing_wrong(properties):
    mapping = resolve({"properties": properties}, {"role": "tasks"})
    assert mapping["statuses"] == {}
    assert set(mapping["fields"]) <= {"source_status"}
