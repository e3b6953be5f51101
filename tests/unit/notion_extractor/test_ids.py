"""Ids however people give them."""

import pytest

from services.notion_extractor.ids import dashed, source_id

ID = "1f0a2b3c-4d5e-4f60-8172-93a4b5c6d7e8"
BARE = ID.replace("-", "")
VIEW = "0" * 31 + "1"


@pytest.mark.parametrize(
    "given",
    [
        ID,
        BARE,
        ID.upper(),
        f"  {ID} ",
        f"https://www.notion.so/{BARE}",
        f"https://www.notion.so/escritorio/Clientes-{BARE}?v={VIEW}",
        f"https://www.notion.so/escritorio/Clientes-{BARE}?v={VIEW}&pvs=4#{VIEW}",
        f"https://www.notion.so/escritorio/{ID}",
        f"https://app.notion.com/p/{BARE}?v={VIEW}",
        f"https://app.notion.com/p/escritorio/Clientes-{BARE}",
        f"notion.so/escritorio/Clientes-{BARE}?v={VIEW}",
        f"https://escritorio.notion.site/{VIEW}/Clientes-{BARE}",
        f"https://app.notion.com/p/Dead-Beef-{BARE}/",
        f"https://www.notion.so/escritorio/Clientes-20260101-{BARE}",
        f"https://www.notion.so/escritorio/Clientes-20260101-{ID}/?v={VIEW}",
        f"https://www.notion.so/escritorio/{VIEW}-{BARE}#{VIEW}",
    ],
    ids=[
        "dashes",
        "bare",
        "capitals",
        "blanks",
        "address",
        "title and view",
        "view and fragment",
        "dashes in address",
        "app.notion.com",
        "app.notion.com with title",
        "no scheme",
        "a parent before it",
        "hex words in the title",
        "a day at the title's end",
        "a day before dashes",
        "a title that is an id",
    ],
)
def test_the_id_is_found(given):
    assert source_id(given) == ID


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Clientes",
        "1234",
        BARE[:-1],
        f"0{BARE}",
        f"https://www.notion.so/{BARE}-Clientes",
        f"https://www.notion.so/escritorio?v={VIEW}",
        f"notion.so/escritorio?v={VIEW}",
    ],
    ids=[
        "empty",
        "a name",
        "too few",
        "31 digits",
        "33 digits",
        "a title after it",
        "only a view",
        "only a view, no scheme",
    ],
)
def test_an_address_without_an_id_is_an_error_that_says_what_is_wanted(given):
    with pytest.raises(ValueError, match="holds no Notion id"):
        source_id(given)


def test_an_id_that_is_none_is_named():
    with pytest.raises(ValueError, match="'abc' is not a Notion id"):
        dashed("abc")
