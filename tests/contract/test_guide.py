"""`docs/guia-do-analista.md` holds: its commands, its queries, its mapping file and its table of columns."""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import click
import pytest
from sqlalchemy import Engine, create_engine, text

from services.console.__main__ import console
from services.notion_extractor.mapping import resolve
from services.notion_extractor.mapping_file import read_mapping
from services.notion_extractor.names import KNOWN
from services.transformer.export import HEADINGS, WORDS

GUIDE = (Path(__file__).parents[2] / "docs" / "guia-do-analista.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMPOSE = re.compile(r"docker compose (?:-\S+ (?:operacional-demo )?)*run .*?\bconsole (.*)")
DEMO = re.compile(r'make console ARGS="(.*)"')


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, without the indentation of the list they stand in."""
    return [dedent(body) for _, said, body in FENCE.findall(GUIDE) if said == language]


def orders(form: re.Pattern[str]) -> Iterator[str]:
    """What the console is told, without what a shell makes of the rest of the line."""
    for line in "".join(blocks("sh")).splitlines():
        if found := form.search(line):
            yield found[1].split(" < ")[0]


def leaves(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


COMMANDS = dict(leaves(console))
TOLD = sorted({*orders(COMPOSE), *orders(DEMO)})
QUERIES = [query.strip().removesuffix(";") for query in blocks("sql")]


def spoken(order: str) -> tuple[str, list[str]]:
    """The command that an order begins with, and the rest of its words."""
    words = shlex.split(order)
    name = next((name for name in COMMANDS if words[: len(name.split())] == name.split()), None)
    assert name is not None, f"the console has no command {order!r}"
    return name, words[len(name.split()) :]


@pytest.mark.parametrize("order", TOLD)
def test_the_console_takes_every_command_as_it_is_written(order):
    name, words = spoken(order)
    COMMANDS[name].make_context(name, words)


@pytest.mark.parametrize("form", [COMPOSE, DEMO], ids=["on the server", "on the demo"])
def test_every_command_of_the_console_is_shown(form):
    assert {spoken(order)[0] for order in orders(form)} == set(COMMANDS)


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, command in COMMANDS.items() for each in command.params for option in each.opts
     if option.startswith("--")],
)  # fmt: skip
def test_every_option_of_the_console_is_explained(name, option):
    shown = any(spoken(order)[0] == name and option in shlex.split(order) for order in TOLD)
    assert shown or f"`{option}`" in GUIDE


def test_no_line_that_names_the_console_escapes_these_tests():
    lines = [line for line in "".join(blocks("sh")).splitlines() if re.search(r"run .*console|make console", line)]
    assert len(lines) == len([*orders(COMPOSE), *orders(DEMO)]) > len(COMMANDS)


@pytest.mark.integration
@pytest.mark.parametrize("query", QUERIES)
def test_every_query_is_valid_for_the_login_that_the_guide_names(query: str, login_url: Callable[[str], str]):
    login = "console" if re.search(r"\b(ops|operacional)\.\w", query) else "bi_reader"
    engine = create_engine(login_url(login))
    with engine.connect() as connection:
        connection.execute(text(query if query.startswith("SET ") else f"EXPLAIN {query}"))
    engine.dispose()


def test_the_mapping_file_is_read_and_fits_sources_that_have_its_properties(tmp_path):
    (example,) = blocks("toml")
    path = tmp_path / "mapping.toml"
    path.write_text(example, encoding="utf-8")

    mappings = read_mapping(path)

    assert len(mappings) == len(tomllib.loads(example))
    for own in mappings.values():
        names = own["fields"].values()
        schema = {"properties": {name: {"id": name, "name": name, "type": "rich_text"} for name in names}}
        found = resolve(schema, own)
        assert {field: feed["name"] for field, feed in found["fields"].items()}.items() >= own["fields"].items()
        assert found["statuses"].items() >= own.get("statuses", {}).items()


@pytest.mark.parametrize("role", KNOWN)
def test_the_fields_of_a_role_are_those_that_a_mapping_may_feed(role):
    (row,) = (line for line in GUIDE.splitlines() if line.startswith(f"| `{role}` |"))
    assert set(re.findall(r"`(\w+)`", row)) - {role} == {"title", *KNOWN[role]}


def columns() -> list[tuple[str, str, str]]:
    """The table of columns: name, heading in panel.csv, meaning."""
    table = GUIDE.split("| coluna | em panel.csv |")[1].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in table if line.startswith("|"))
    return [(name.strip("`"), heading, meaning) for name, heading, meaning in cells]


def test_the_headings_are_those_of_the_panel_file():
    assert {name: heading for name, heading, _ in columns() if heading} == HEADINGS
    assert all(meaning for _, _, meaning in columns())
    (status,) = (meaning for name, _, meaning in columns() if name == "status")
    assert dict(re.findall(r"`(\w+)` ([^,]+)", status)) == WORDS


@pytest.mark.integration
def test_every_column_of_the_panel_is_explained_in_its_order(engine: Engine):
    with engine.connect() as connection:
        there = connection.execute(text("SELECT * FROM bi.operational_panel LIMIT 0")).keys()
    assert [name for name, _, _ in columns()] == list(there)
