"""What changes in a page of Notion without anybody having changed it is no change here."""

import json
from typing import Any

import pytest

from tests.integration.transformer.conftest import at, page

pytestmark = pytest.mark.integration

FILES = "https://prod-files-secure.s3.us-west-2.amazonaws.com/space/a.pdf"


def signed(name: str) -> dict[str, str]:
    """A file of Notion's own as one read shows it: its address is another one in the next."""
    url = f"{FILES}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature={name}&x-id=GetObject"
    return {"url": url, "expiry_time": f"2026-11-24T1{len(name)}:00:00.000Z"}


def shown(name: str, **other: Any) -> dict[str, Any]:
    """A page with files in a property, its icon and its cover."""
    made = page("a", client_code="0012", trade_name="Padaria") | {
        "icon": {"type": "file", "file": signed(name)},
        "cover": {"type": "file", "file": signed(name)},
        "request_id": name,
    }
    made["properties"]["Anexos"] = {
        "id": "an%3D",
        "type": "files",
        "files": [{"name": "a.pdf", "type": "file", "file": signed(name)}],
    }
    return made | other


VOLATILE = {
    "a re-signed file": shown("second"),
    "an address of another domain": shown("first", url="https://www.notion.so/Padaria-a"),
    "another public address": shown("first", public_url="https://padaria.notion.site/a"),
    "another request": shown("first", request_id="other"),
    "all of them": shown("second", url="https://www.notion.so/Padaria-a", public_url="x"),
}


@pytest.mark.parametrize("change", VOLATILE)
def test_line_12_a_row_of_which_only_addresses_are_others_is_not_written_again(office, change):
    office.load(office.land_pages([shown("first")], read_at=at(1)))
    before = office.rows("SELECT * FROM operacional.notion_pages")
    again = office.load(office.land_pages([VOLATILE[change]], read_at=at(2)))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 1)
    assert office.rows("SELECT * FROM operacional.notion_pages") == before


def test_line_12_no_signature_of_a_file_is_kept(office):
    office.load(office.land_pages([shown("first")], read_at=at(1)))
    (row,) = office.rows("SELECT properties FROM operacional.notion_pages")
    assert row["properties"]["Anexos"]["files"][0]["file"] == {"url": FILES, "expiry_time": None}
    assert "Signature" not in json.dumps(row["properties"])


def test_line_12_a_file_that_was_renamed_or_replaced_is_a_change(office):
    office.load(office.land_pages([shown("first")], read_at=at(1)))
    renamed = json.loads(json.dumps(shown("second")).replace('"a.pdf"', '"b.pdf"'))
    assert office.load(office.land_pages([renamed], read_at=at(2))).updated == 1
    replaced = json.loads(json.dumps(renamed).replace("/space/", "/space2/"))
    assert office.load(office.land_pages([replaced], read_at=at(3))).updated == 1
