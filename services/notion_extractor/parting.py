"""How rows of one and the same minute are parted when one query does not give them all. Decisions on their values.

Time cannot part them, a question to one of their properties can: whoever answers yes, whoever answers no, and whoever
has no answer are all there are, whatever the values may be.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

Condition = Mapping[str, Any]
"""A filter on one property, as a query takes it."""

SAMPLE = 300
"""So many rows are looked at to find a question that parts all,"""
STRIDE = 49
"""of each page every so-many-th."""
QUESTIONS = 3
"""Each halves the rows: to read a cell that is crowded again once more costs more than a few small cells do."""

TEXTS = frozenset({"title", "rich_text", "url", "email", "phone_number"})
_ASKED = dict.fromkeys(TEXTS | {"multi_select"}, ("contains", "does_not_contain"))
_ASKED |= dict.fromkeys(("select", "status", "checkbox"), ("equals", "does_not_equal"))


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a property holds a word: a letter of a text, an option, a tick."""

    name: str
    kind: str
    word: str | bool

    @property
    def answers(self) -> tuple[Condition, Condition]:
        """Yes and no: each the other's opposite."""
        yes, no = _ASKED[self.kind]
        return self._condition(yes, self.word), self._condition(no, self.word)

    @property
    def unanswered(self) -> Condition | None:
        """Rows without a value: whether they count as a no is not for us to believe. A checkbox always has one."""
        return None if self.kind == "checkbox" else self._condition("is_empty", True)

    def _condition(self, operator: str, wanted: str | bool) -> Condition:
        return {"property": self.name, self.kind: {operator: wanted}}


def add_to_sample(
    sample: tuple[Mapping[str, Any], ...], results: Collection[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    """Some more rows of each page, so that the sample is of the whole window."""
    return (*sample, *list(results)[::STRIDE]) if len(sample) < SAMPLE else sample


def questions(sample: Sequence[Mapping[str, Any]], before: Collection[Condition]) -> tuple[Question, ...]:
    """The questions that part these rows most evenly, at most three; none where every row says the same.

    None is asked that led here already (`before`).
    """
    held = _held(sample)
    asked: tuple[Question, ...] = ()
    largest = len(sample)
    for _ in range(QUESTIONS):
        best = min(
            (
                (_largest(held, (*asked, each), len(sample)), place, each)
                for place, each in enumerate(held)
                if each not in asked and not any(answer in before for answer in each.answers)
            ),
            default=None,
        )
        if best is None or best[0] >= largest:
            break
        largest, asked = best[0], (*asked, best[2])
    return asked


def cells(asked: Sequence[Question]) -> list[tuple[Condition, ...]]:
    """What to ask for so that every row is in at least one cell: all combinations of answers, and the unanswered."""
    empty = {each.name: each.unanswered for each in asked}
    return [*product(*(each.answers for each in asked)), *((one,) for one in empty.values() if one is not None)]


def _held(sample: Sequence[Mapping[str, Any]]) -> dict[Question, set[int]]:
    """For each question that could be asked, the rows of the sample that say yes; in a fixed order."""
    held: dict[Question, set[int]] = {}
    for number, row in enumerate(sample):
        properties = row.get("properties")
        for name, cell in properties.items() if isinstance(properties, dict) else ():
            for word in _words(cell):
                held.setdefault(Question(str(name), cell["type"], word), set()).add(number)
    return held


def _largest(held: Mapping[Question, set[int]], asked: Sequence[Question], rows: int) -> int:
    parts = [set(range(rows))]
    for each in asked:
        parts = [part for whole in parts for part in (whole & held[each], whole - held[each])]
    return max(map(len, parts))


def _words(cell: Any) -> list[str | bool]:
    """What a cell answers yes to, in a fixed order."""
    if not isinstance(cell, dict) or cell.get("type") not in _ASKED:
        return []
    value = cell.get(cell["type"])
    if isinstance(value, bool):
        return [True] if value else []
    if isinstance(value, str):
        return _letters(value)
    if isinstance(value, dict):
        return [value["name"]] if isinstance(value.get("name"), str) else []
    if not isinstance(value, list):
        return []
    pieces = [piece for piece in value if isinstance(piece, dict)]
    if cell["type"] == "multi_select":
        return [piece["name"] for piece in pieces if isinstance(piece.get("name"), str)]
    return _letters("".join(str(piece.get("plain_text", "")) for piece in pieces))


def _letters(text: str) -> list[str | bool]:
    """Notion's search in texts knows no capitals."""
    return [each for each in sorted(set(text.casefold())) if each.isalnum()]
