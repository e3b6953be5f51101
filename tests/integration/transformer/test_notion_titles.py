"""A related source that could not be read for a while leaves no trace in the rows."""

from typing import Any

import pytest

from tests.integration.transformer.conftest import CLIENTS, REGISTER, at, page

pytestmark = pytest.mark.integration

AWAY = {"client_manager": {"data_source_id": REGISTER, "reason": "503"}}


def managed_by(*people: str) -> dict[str, Any]:
    made = page("a", client_code="0012")
    pages = [{"id": person} for person in people]
    made["properties"]["Gestão"] = {"id": "client_manager", "type": "relation", "relation": pages, "has_more": False}
    return made


def manager(office: Any, read_at: Any, *people: str, **manifest: Any) -> Any:
    office.load(office.land_pages([managed_by(*people)], read_at=read_at, mapping=CLIENTS, **manifest))
    return office.rows("SELECT client_manager FROM operacional.notion_pages")[0]["client_manager"]


def test_a_manager_whose_name_is_remembered_stays(office):
    known = {"p1": "Ana"}
    assert manager(office, at(1), "p1", related=known) == "Ana"
    assert manager(office, at(2), "p1", related=known, unresolved=AWAY) == "Ana"


def test_a_manager_who_was_unknown_meanwhile_is_there_with_the_next_read(office):
    assert manager(office, at(1), "p1", "invisible", related={"p1": "Ana"}, unresolved=AWAY) is None
    assert manager(office, at(2), "p1", "invisible", related={"p1": "Ana"}) == "Ana, invisible"


@pytest.mark.parametrize(
    "title", ["Ana \ud83d", "Ana \x00", "\udc00"], ids=["cut within a character", "NUL", "half a pair"]
)
def test_a_title_that_postgres_cannot_store_stops_no_batch(office, title):
    found = manager(office, at(1), "p1", related={"p1": title})
    assert found in ("Ana \ufffd", "\ufffd")
