"""Every recorded page comes out of the transformer as the values that the recording shows.

NOTION_RECORDINGS names other recordings, in any layout: they must pass as well.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.transformer.tidy.notion import tidy
from services.transformer.tidy.rows import Tidied
from shared.contracts.notion_values import plain
from shared.landing import Manifest, RawRow
from tests.contract.simulated_notion import INDEX, recorded, recordings

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")

FILES = [*recordings("page"), *recordings("query"), *recordings("search")]
OF_OUR_SET = pytest.mark.skipif(not INDEX, reason="other recordings than those that these values were read in")
FEEDS = {"text": "trade_name", "day": "client_since", "moment": "completed_at"}


def pages_of(file: str) -> list[dict[str, Any]]:
    body = recorded(file)
    found = body["results"] if body["object"] == "list" else [body]
    # Of a page that the connection may not see in full there is its id and nothing to type.
    return [page for page in found if page["object"] == "page" and "last_edited_time" in page]


PAGES = {file: pages for file in FILES if (pages := pages_of(file))}


# What a person reads in a recorded value, written without a look at the code under test.
READ: dict[str, Callable[[Any], Any]] = {
    "title": lambda pieces: "".join(piece["plain_text"] for piece in pieces),
    "rich_text": lambda pieces: "".join(piece["plain_text"] for piece in pieces),
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: ", ".join(option["name"] for option in options),
    "files": lambda files: ", ".join(file["name"] for file in files),
    "people": lambda users: ", ".join(user.get("name") or user["id"] for user in users),
    "created_by": lambda user: user.get("name") or user["id"],
    "last_edited_by": lambda user: user.get("name") or user["id"],
    "date": lambda date: date and date["start"],
    "formula": lambda result: READ[result["type"]](result[result["type"]]),
    "rollup": lambda result: READ[result["type"]](result[result["type"]]),
    "array": lambda items: ", ".join(text for item in items if (text := as_text(said(item)))),
    "relation": lambda pages: ", ".join(page["id"] for page in pages),
    "text": lambda pieces: "".join(piece["plain_text"] for piece in pieces),
    "unique_id": lambda own: own and "-".join(str(part) for part in (own["prefix"], own["number"]) if part is not None),
    "verification": lambda verification: verification and verification["state"],
    "place": lambda place: place and (place["name"] or place["address"] or coordinates(place)),
    "button": lambda _: None,
} | dict.fromkeys(
    ("number", "checkbox", "url", "email", "phone_number", "created_time", "last_edited_time", "string", "boolean"),
    lambda content: content,
)
TYPES = set(READ) - {"array", "string", "boolean", "text"}


def coordinates(place: dict[str, Any]) -> str | None:
    return None if place["lat"] is None or place["lon"] is None else f"{place['lat']},{place['lon']}"


def said(value: dict[str, Any]) -> Any:
    return None if is_not_whole(value) else READ[value["type"]](value[value["type"]])


def is_not_whole(value: dict[str, Any]) -> bool:
    return bool(value.get("has_more")) or value.get("type") not in value


def as_text(found: Any) -> str | None:
    if isinstance(found, float) and found == int(found):
        found = int(found)
    words = "" if found is None else str(found)
    return " ".join(unicodedata.normalize("NFC", words).split()) or None


def as_moment(found: str | None) -> datetime | None:
    if not found:
        return None
    moment = datetime.fromisoformat(found)
    return moment if moment.tzinfo else moment.replace(tzinfo=OFFICE_TIME)


def as_day(found: str | None) -> str | None:
    moment = as_moment(found)
    if moment is None or found is None:
        return None
    midnight = moment.utcoffset() == UTC.utcoffset(None) and (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return found[:10] if len(found) == 10 or midnight else str(moment.astimezone(OFFICE_TIME).date())


def tidied(pages: list[dict[str, Any]], field: str, property_id: str) -> Tidied:
    mapping = {"role": "clients", "fields": {field: {"id": property_id}}, "statuses": {}}
    rows = [RawRow("2026-11-25T10:00:00.000Z", json.dumps(page)) for page in pages]
    return tidy(rows, 1, Manifest({"scope": "ds", "mapping": mapping}))


def shown_in(found: Tidied, field: str) -> list[Any]:
    return [found.said(place)[field] for place in range(len(found.frame))]


def values_by_id(pages: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any] | None]]]:
    """What has no id feeds nothing."""
    by_page = [{value["id"]: value for value in page["properties"].values() if "id" in value} for page in pages]
    for property_id in sorted({property_id for values in by_page for property_id in values}):
        yield property_id, [values.get(property_id) for values in by_page]


def is_boolean(value: dict[str, Any] | None) -> bool:
    return value is not None and isinstance(said(value), bool)


def is_date(value: dict[str, Any] | None) -> bool:
    kind = (value or {}).get("type")
    dated = kind in ("date", "created_time", "last_edited_time")
    return dated or (value is not None and kind in ("formula", "rollup") and value[kind]["type"] == "date")


@pytest.mark.parametrize("file", PAGES)
def test_every_property_of_a_recorded_page_is_the_text_that_the_recording_shows(file):
    for property_id, values in values_by_id(PAGES[file]):
        found = tidied(PAGES[file], FEEDS["text"], property_id)
        shown = shown_in(found, FEEDS["text"])
        assert shown == [as_text(value and said(value)) for value in values if not is_boolean(value)]
        # A yes or no is no text: such a mapping is told, page by page.
        assert [row.field for row in found.rejected] == [FEEDS["text"]] * sum(map(is_boolean, values))
        assert (f"cut:{FEEDS['text']}" in found.drift) == any(value and is_not_whole(value) for value in values)


@pytest.mark.parametrize("file", PAGES)
def test_every_recorded_date_is_the_day_and_the_moment_that_the_recording_shows(file):
    for property_id, values in values_by_id(PAGES[file]):
        if any(map(is_date, values)):
            dates = [value and said(value) for value in values]
            for kind, read in (("day", str), ("moment", datetime.fromisoformat)):
                found = tidied(PAGES[file], FEEDS[kind], property_id)
                shown = shown_in(found, FEEDS[kind])
                expected = [as_day(date) if kind == "day" else as_moment(date) for date in dates]
                assert [None if text is None else read(text) for text in shown] == expected
                assert not found.rejected


@pytest.mark.parametrize("file", PAGES)
def test_every_recorded_yes_number_and_empty_value_keeps_its_type(file):
    for _, values in values_by_id(PAGES[file]):
        for value in filter(None, values):
            expected = said(value)
            found = plain(value, {})
            if isinstance(expected, (bool, int, float)):
                assert (found, type(found)) == (expected, type(expected))
            if expected in (None, "") and not is_not_whole(value):
                assert found in (None, [])


@pytest.mark.parametrize("file", PAGES)
def test_a_recorded_page_keeps_its_id_its_times_its_address_and_all_its_properties_by_name(file):
    found = tidied(PAGES[file], "title", "title")
    for place, (page, row) in enumerate(zip(PAGES[file], found.frame.itertuples(), strict=True)):
        fields = found.said(place)
        assert (row.row_id, fields["url"]) == (page["id"], page.get("url"))
        assert as_moment(fields["created_at"]) == as_moment(page["created_time"])
        assert as_moment(row.source_updated_at) == as_moment(page["last_edited_time"])
        assert json.loads(row.raw)["properties"] == page["properties"]


@OF_OUR_SET
def test_the_recordings_hold_all_24_types():
    found = {value["type"] for pages in PAGES.values() for page in pages for value in page["properties"].values()}
    assert found == TYPES
    assert len(TYPES) == 24


# Read by eye in the recordings: the reader above and the code could err alike.
BY_EYE = [
    ("page/notion_ruby_mapping/retrieve_page_wiki.json", "verification", "text", "expired"),
    ("page/notion_ruby_mapping/retrieve_page_wiki.json", "verification_owner", "text", "User cda0f5"),
    ("page/notion_ruby_mapping/retrieve_page_wiki.json", "%3DMZV", "moment", "2025-02-11T07:37:00.000000Z"),
    ("page/notion_ruby_mapping/retrieve_page_wiki.json", "%3DMZV", "day", "2025-02-11"),
    ("page/notion_ruby_mapping/retrieve_page_file_upload.json", "%40LqX", "text", "test.png"),
    ("page/notion_ruby_mapping/retrieve_page_with_many_relations.json", "%60%5B%3E%7B", "text", None),
    ("page/notion_ruby_mapping/retrieve_page_with_many_relations.json", "`[>{", "text", None),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "Kjx%7D", "text", "Multi Select 2, Multi Select 1"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "MNV~", "text", "In progress"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "SPrp", "day", "2022-02-24"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "SPrp", "moment", "2022-02-24T16:23:00.000000Z"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "STe_", "text", "Tag 1"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "%5D~iZ", "moment", "2025-09-08T04:53:00.000000Z"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "%7BGE%7C", "text", "ST-3"),
    ("query/notion_ruby_mapping/query_data_source_last_2.json", "{GE|", "text", "ST-3"),
    ("query/ultimate-notion/test_query__test_id_prop__000.json", "WYH%3A", "text", "0"),
    ("query/ultimate-notion/test_query__test_id_prop__000.json", "ImzP", "text", None),
    ("query/ultimate-notion/test_query__test_query_formula__000.json", "x%40zJ", "text", "1"),
    ("query/ultimate-notion/test_schema__test_place_property__005.json", "WsW%7B", "text", "Berlin, Germany"),
]


@OF_OUR_SET
@pytest.mark.parametrize(("file", "property_id", "kind", "expected"), BY_EYE)
def test_a_value_read_by_eye_is_found(file, property_id, kind, expected):
    found = tidied(PAGES[file], FEEDS[kind], property_id)
    assert expected in shown_in(found, FEEDS[kind])


@OF_OUR_SET
def test_the_constructed_values_that_are_not_computed_are_null_and_named():
    properties = recorded("constructed_from_docs/property_values_unsupported.json")
    page = pages_of(FILES[0])[0] | {"properties": properties}
    for value in properties.values():
        found = tidied([page], "client_code", value["id"])
        fields = found.said(0)
        assert (fields["client_code"], fields["client_key"]) == (None, None)
        assert found.drift == {"unsupported:client_code"}
        assert json.loads(found.frame.raw[0])["properties"] == properties
