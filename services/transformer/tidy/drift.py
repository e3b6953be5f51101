"""The words in which a batch that differs from what is known of its source is told: short, few, for a person to read.

`status=WORD` an unknown status · `field+NAME` a field appeared · `field-NAME` one vanished · `type:NAME=KIND` one has
another type · `cut:FIELD`, `unsupported:FIELD`, `incomplete:FIELD` (Notion) a value that is not whole, and so NULL.
"""

from collections.abc import Collection, Iterable

LONGEST_NAME = 100
MOST_NAMES = 50
FEW = 10
"""From so many rows on it says something that none of them has a field which they all should have."""


def unknown_statuses(words: Iterable[str], known: Collection[str]) -> set[str]:
    """Of the source's words, those that no rule maps. An empty word stands for none."""
    return _told("status=", {word for word in words if word} - set(known))


def appeared(names: Iterable[str]) -> set[str]:
    """Fields that nobody knows."""
    return _told("field+", names)


def vanished(names: Iterable[str]) -> set[str]:
    """Fields that should be there and are in no row."""
    return _told("field-", names)


def retyped(name: str, kinds: Iterable[str]) -> set[str]:
    """The other types that a field has."""
    return _told(f"type:{name[:LONGEST_NAME]}=", kinds)


def _told(prefix: str, names: Iterable[str]) -> set[str]:
    return {f"{prefix}{name[:LONGEST_NAME]}" for name in sorted(set(names))[:MOST_NAMES]}
