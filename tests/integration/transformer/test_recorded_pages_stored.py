"""Every recorded page is stored: typed by a mapping, all its properties beside it, once however often it comes."""

import json

import pytest

from shared.landing.links import lasting
from tests.contract.test_recorded_pages_typed import PAGES, as_moment, as_text, said
from tests.integration.transformer.conftest import REGISTER, at

pytestmark = pytest.mark.integration

MAPPING = {"role": "clients", "fields": {"title": {"id": "title", "name": "Nome", "type": "title"}}, "statuses": {}}
STORED = "SELECT page_id, title, created_at, source_updated_at, properties, removed_at FROM operacional.notion_pages"


@pytest.mark.parametrize("file", PAGES)
def test_a_recorded_page_is_stored_with_its_title_its_times_and_every_property(office, file):
    pages = {page["id"]: page for page in PAGES[file]}
    event = office.land_pages(list(pages.values()), read_at=at(1), scope=REGISTER, mapping=MAPPING)
    loaded = office.load(event)
    assert (loaded.inserted, loaded.rejected) == (len(pages), 0)
    for row in office.rows(STORED):
        page = pages[row["page_id"]]
        titles = [value for value in page["properties"].values() if value.get("id") == "title"]
        assert row["title"] == (as_text(said(titles[0])) if titles else None)
        assert (row["created_at"], row["source_updated_at"]) == (
            as_moment(page["created_time"]),
            as_moment(page["last_edited_time"]),
        )
        assert row["properties"] == json.loads(lasting(json.dumps(page["properties"])))
    again = office.load(office.land_pages(list(pages.values()), read_at=at(2), scope=REGISTER, mapping=MAPPING))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, len(pages))
