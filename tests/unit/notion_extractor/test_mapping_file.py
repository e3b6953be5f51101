"""The mapping file as people write it, and what they hear of what is wrong with it."""

import pytest

from services.notion_extractor.mapping_file import read_mapping
from shared.settings import SettingsError

ID = "1f0a2b3c-4d5e-4f60-8172-93a4b5c6d7e8"
BARE = ID.replace("-", "")
WHOLE = f"""
["https://www.notion.so/escritorio/Tarefas-20260101-{BARE}?v={"0" * 32}"]
role = "tasks"
fields = {{ owner = "Pessoa" }}
statuses = {{ "Na Junta" = "in_progress" }}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_tables_are_given_by_the_id_in_their_names(written):
    table = {"role": "tasks", "fields": {"owner": "Pessoa"}, "statuses": {"Na Junta": "in_progress"}}
    assert read_mapping(written(WHOLE)) == {ID: table}


def test_without_a_file_or_with_an_empty_one_nothing_is_mapped(written):
    assert read_mapping(None) == read_mapping(written("")) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'"{ID}" = "x"', f"'{ID}': is 'x', not a table"),
        (f'["{ID}"]\nrole = 7', f"'{ID}': role is 7, not a text"),
        (f'["{ID}"]\nfeilds = {{}}', f"'{ID}': has no part 'feilds'; there are role, fields, statuses"),
        (f'["{ID}"]\nfields = ["owner"]', f"'{ID}': fields is ['owner'], not a table"),
        (f'["{ID}".fields]\nowner = ["A", "B"]', f"'{ID}': fields.owner is ['A', 'B'], not a text"),
        (f'["{ID}".statuses]\nFeito = true', f"'{ID}': statuses.Feito is True, not a text"),
        (f'["{ID}"]\n["{BARE}"]', f"'{BARE}': {ID} has a table already"),
        ("[clientes]", "'clientes' holds no Notion id"),
        ("role =", "Invalid value"),
    ],
    ids=[
        "a text for a table",
        "a role that is a number",
        "an unknown part",
        "fields in a list",
        "a field of two",
        "a status that is a bool",
        "the same source twice",
        "no id",
        "no TOML",
    ],
)
def test_a_file_of_another_shape_is_refused_in_words(written, text, said):
    path = written(text)
    with pytest.raises(SettingsError) as refused:
        read_mapping(path)
    assert f"\n  NOTION_MAPPING: {path}: {said}" in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once(written):
    with pytest.raises(SettingsError) as refused:
        read_mapping(written(f'["{ID}"]\nrole = 7\nfields = 8\n[clientes]'))
    assert str(refused.value).count("NOTION_MAPPING") == 3


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read_mapping(tmp_path / "none.toml")
