"""What the reference of Notion's API says matters has a test that is named after it.

The reference (section 0, its retry table, its table of property values) is not in this repository: its rows are listed
here. A line's tests have `line_7_` in their name or `line 7:` in their case, a row of a table is the case of its test.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHERE = ("tests/integration/notion_extractor", "tests/integration/transformer/test_notion_links.py")
LINES = {
    1: "one query yields at most 10,000 rows, and only request_status tells",
    2: "request_status is absent on ordinary answers; exactly 10,000 rows are suspect",
    3: "a clean-up after a silent cut deleted what was not seen: a guard against mass removals",
    4: "several rate limits: pace, and obey Retry-After, also above a minute",
    5: "a blocked request is never asked again, an overload (529) like a 429",
    6: "a query is a read, although it is a POST: asked again on 5xx",
    7: "a database has several data sources: each is read",
    8: "stamps are floored to the minute: increments overlap",
    9: "trashed rows vanish from a query: by difference of whole reads, then asked for by id",
    10: "relations are cut at 25, people and texts too, formulas and rollups may be unsupported",
    11: "fields and types appear without a new version: read leniently",
    12: "page addresses and file addresses change by themselves: not part of what a row says",
}
RETRY_TABLE = (
    "400 validation_error",
    "400 validation_error of a cursor: the walk begins anew",
    "400 invalid_json, invalid_request_url, invalid_request, invalid_grant, missing_version, invalid_beta",
    "401 unauthorized",
    "403 restricted_resource",
    "404 object_not_found",
    "409 conflict_error, few times",
    "429 rate_limited",
    "429 public_api_request_blocked, never",
    "500 internal_server_error",
    "502 bad gateway",
    "503 service_unavailable, database_connection_unavailable, smaller after two",
    "504 gateway_timeout, smaller after two",
    "529 service_overload, as 429",
    "connection reset, truncated answers",
)
PROPERTY_TABLE = (
    "title, rich_text",
    "number",
    "select, status",
    "multi_select",
    "date",
    "people",
    "files",
    "checkbox",
    "url, email, phone_number",
    "formula",
    "relation",
    "rollup",
    "created_time, last_edited_time",
    "created_by, last_edited_by",
    "unique_id",
    "verification",
    "button",
    "place",
    "types unknown to us",
)


@pytest.fixture(scope="module")
def tests() -> list[str]:
    """The names of all tests of reading Notion, as the runner collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", *WHERE]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return [line for line in found.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("line", LINES)
def test_each_line_of_what_must_change_in_a_naive_extractor_has_a_test(tests, line):
    assert [test for test in tests if re.search(rf"(_line_{line}_|\[line {line}: )", test)]


@pytest.mark.parametrize("row", RETRY_TABLE)
def test_each_row_of_the_retry_table_has_a_test(tests, row):
    assert [test for test in tests if "test_retry_table.py" in test and test.endswith(f"[{row}]")]


@pytest.mark.parametrize("row", PROPERTY_TABLE)
def test_each_row_of_the_property_table_has_a_test(tests, row):
    assert [test for test in tests if "test_property_table.py" in test and test.endswith(f"[{row}]")]
