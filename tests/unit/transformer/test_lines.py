"""Which of a task's two parts a column takes, and what is only seen."""

import json

import pytest

from services.transformer.lines import Fresh, Said, line
from services.transformer.merge import TABLES
from services.transformer.seen import Asked, Other
from services.transformer.tidy.gestta import tidy
from tests.unit.transformer.raw import manifest, row

TABLE = TABLES["gestta"]
NAMES = ("row_id", "read_at", "updated", "content", "newest", "hash", "raw", "fields", "other_fields", *TABLE.columns)
ASKED = Asked("a", "2026-11-24T10:00:00.000Z", r"\x00")
LATER = "2026-11-24T11:00:00+00:00"


def fresh(*rows):
    tidied = tidy([row(one) for one in rows], 1, manifest())
    return Fresh.of(tidied, [text.encode() for text in tidied.frame.raw], TABLE)


def columns(made: bytes) -> dict[str, str]:
    return dict(zip(NAMES, made.decode().split("\t"), strict=True))


def other(fields, *, is_newer, own=None, content_hash=b"another"):
    return Other(is_newer, LATER, content_hash, own, fields, None)


def test_a_row_with_one_part_is_its_columns():
    made = columns(line(Said(ASKED, "-infinity", 0), fresh({"id": "a", "name": "A", "fine": True}), None, TABLE))
    assert (made["title"], made["generates_fine"], made["owner"]) == ("A", "true", "")
    assert (made["fields"], made["other_fields"], made["newest"]) == ("", "", ASKED.read_at)


@pytest.mark.parametrize(
    ("is_newer", "title", "owner", "competence"),
    [(True, "S", "", "2026-11-01"), (False, "A", "Ana", "2026-11-01")],
    ids=["the other part was seen last", "this part was seen last"],
)
def test_a_column_takes_the_part_seen_last_that_has_it(is_newer, title, owner, competence):
    search = {"title": "S", "owner": None, "competence": "2026-11-01"}
    rows = fresh({"id": "a", "name": "A", "owner.name": "Ana"})
    made = columns(line(Said(ASKED, "-infinity", 0), rows, other(search, is_newer=is_newer), TABLE))
    assert (made["title"], made["owner"], made["competence"]) == (title, owner, competence)
    assert json.loads(made["other_fields"]) == search
    assert made["newest"] == LATER


def test_what_says_the_same_is_only_seen():
    made = columns(line(Said(ASKED, "-infinity"), fresh(), None, TABLE))
    assert {name for name, value in made.items() if value} == {"row_id", "read_at", "updated", "content"}


def test_what_says_the_same_beside_another_part_is_only_seen_while_the_row_stays_what_it_is():
    search, own = {"title": "S"}, {"title": "A"}
    turned = columns(line(Said(ASKED, "-infinity"), fresh(), other(search, is_newer=False, own=own), TABLE))
    assert (turned["title"], turned["raw"]) == ("A", "")
    stays = other(search, is_newer=False, own=own, content_hash=turned["hash"].encode())
    assert columns(line(Said(ASKED, "-infinity"), fresh(), stays, TABLE))["hash"] == ""
