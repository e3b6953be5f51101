"""`docs/data.md` and the database say the same columns, in the same order, of the same types."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[3] / "docs" / "data.md"
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
SHORT = {"timestamp with time zone": "timestamptz"}


def documented() -> dict[str, list[list[str]]]:
    """The rows of the table under each heading that names a relation."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        lines = [line for line in section.splitlines() if line.startswith("|")][2:]
        found[section.splitlines()[0]] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return found


def test_every_view_of_bi_and_every_table_of_the_sources_is_described(owner_engine):
    with owner_engine.connect() as connection:
        there = connection.execute(
            text(
                "SELECT format('%s.%s', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE (nspname = 'bi' AND relkind = 'v') OR (nspname = 'operacional' AND relkind = 'r')"
            )
        ).scalars()
        assert set(there) <= set(documented())


@pytest.mark.parametrize("relation", documented())
def test_its_columns_are_those_that_the_page_names(owner_engine, relation):
    with owner_engine.connect() as connection:
        columns = connection.execute(text(COLUMNS), {"name": relation}).all()
    assert [tuple(row[:2]) for row in documented()[relation]] == [
        (name, SHORT.get(kind, kind)) for name, kind in columns
    ]


@pytest.mark.parametrize("relation", documented())
def test_every_column_has_a_meaning_and_says_when_it_is_null(relation):
    for row in documented()[relation]:
        assert row[2], f"{row[0]} has no meaning"
        assert row[-1], f"{row[0]} does not say when it is NULL"
