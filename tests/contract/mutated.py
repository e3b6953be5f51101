"""Recordings as nobody has recorded them: something in them is gone, of another type, or new."""

import copy
import random
from typing import Any

ODD: list[Any] = [
    *(None, True, 7, -0.0, 1e308, 10**400, "", "x", "9" * 400, "a" * 3_000, "2026-99-99"),
    *("\ud800", "\x00", "=1+1", "\t\\N", "\\.", [], [None], [[]], {}, {"a": 1}, {"type": "x"}),
]
NAMES = ("\ud800", "\x00", "type", "has_more", "id", "new")


def mutated(chance: random.Random, body: Any, changes: int) -> Any:
    """A copy with so many changes, most of them deep inside."""
    body = copy.deepcopy(body)
    for _ in range(changes):
        node, place = _place(chance, body)
        if place is None:
            continue
        what = chance.random()
        if what < 0.15 and isinstance(node, dict):
            del node[place]
        elif what < 0.25 and isinstance(node, dict):
            node[chance.choice(NAMES)] = copy.deepcopy(chance.choice(ODD))
        else:
            node[place] = copy.deepcopy(chance.choice(ODD))
    return body


def _place(chance: random.Random, node: Any) -> tuple[Any, Any]:
    """A node and one of its keys."""
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return node, None
        place = chance.choice(places)
        inner = node[place]
        if not (isinstance(inner, dict | list) and inner and chance.random() < 0.75):
            return node, place
        node = inner
