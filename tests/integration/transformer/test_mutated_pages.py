"""Recorded pages with something odd in them: each is stored or set aside, and none stops its batch."""

import random
from typing import Any

import pytest

from services.transformer.tidy.notion import FIELDS
from tests.contract.mutated import mutated
from tests.contract.test_recorded_pages_typed import PAGES
from tests.integration.transformer.conftest import at

pytestmark = pytest.mark.integration

RECORDED = [page for pages in PAGES.values() for page in pages]
PROPERTIES = [value for page in RECORDED for value in page["properties"].values()]
RELATED = [each["id"] for value in PROPERTIES if value["type"] == "relation" for each in value["relation"]]
TITLES = ("Ana", "\ud800", "\x00")


def feed(chance: random.Random) -> dict[str, Any]:
    given = chance.choice(PROPERTIES)
    return {"id": given["id"], "name": chance.choice(("Nome", "\ud800")), "type": given["type"]}


@pytest.mark.parametrize("seed", range(25))
def test_whatever_a_page_holds_it_is_stored_or_set_aside_and_says_the_same_again(office, seed):
    chance = random.Random(seed)
    pages = [mutated(chance, page, chance.choice((0, 1, 2, 4))) for page in chance.sample(RECORDED, 30)]
    mapping = {"role": chance.choice(("clients", "tasks")), "fields": {name: feed(chance) for name in FIELDS}}
    told = {
        "mapping": mapping | {"statuses": {"Done": "done"}},
        "related": {page: chance.choice(TITLES) for page in chance.sample(RELATED, 5)},
        "unresolved": {value["id"]: {"reason": "503"} for value in chance.sample(PROPERTIES, 3)},
        "schema": mutated(chance, {"Nome": {"id": "title", "type": "title"}}, chance.choice((0, 1))),
    }
    loaded = office.load(office.land_pages(pages, read_at=at(1), **told), acceptrejects=True)
    again = office.load(office.land_pages(pages, read_at=at(2), **told), acceptrejects=True)
    assert (again.inserted, again.updated, again.rejected) == (0, 0, loaded.rejected)
    (stored,) = office.rows("SELECT count(*) AS pages FROM operacional.notion_pages")
    assert stored["pages"] == loaded.inserted
    assert office.rows("SELECT count(*) AS tasks FROM bi.operational_panel")
