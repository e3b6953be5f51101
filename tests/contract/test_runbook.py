"""docs/runbook.md holds every line that a service can log as a warning or an error, and no line that is gone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import WRONG_SETTINGS

ROOT = Path(__file__).parents[2]
BOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
WORDS = " ".join(BOOK.split())


def logged() -> Iterator[str]:
    """The words of each call of a logger's `warning` or `error`, or of one that is given it to call."""
    for path in sorted(path for room in ("services", "shared") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (_tells(node.func) or any(_tells(given) for given in node.args)):
                yield from (
                    given.value
                    for given in node.args
                    if isinstance(given, ast.Constant) and isinstance(given.value, str)
                )


def _tells(node: ast.expr) -> bool:
    """`log.warning`, or the `tell` that one of both was chosen for."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("warning", "error")
    return isinstance(node, ast.Name) and node.id == "tell"


LOGGED = sorted(set(logged()))


@pytest.mark.parametrize("line", LOGGED)
def test_a_line_that_needs_somebody_is_in_the_runbook(line):
    assert line.split(": run `")[0] in WORDS


def test_no_entry_is_of_a_line_that_is_gone():
    _, entries = BOOK.split("\n## Lines in the logs\n")
    entries = entries.split("\n## ")[0]
    known = " ".join([*LOGGED, WRONG_SETTINGS])
    assert [entry for entry in re.findall(r"^### (.*)$", entries, re.MULTILINE) if entry not in known] == []
