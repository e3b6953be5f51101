"""The API's versions, as far as they change what a reader of rows sees."""

DATA_SOURCES = "2025-09-03"  # from here on a database holds data sources, and these hold the rows
IN_TRASH = "2026-03-11"  # from here on `archived` is gone
KNOWN = ("2021-05-13", "2021-08-16", "2022-02-22", "2022-06-28", DATA_SOURCES, IN_TRASH)


def has_data_sources(version: str) -> bool:
    return version >= DATA_SOURCES


def says_archived(version: str) -> bool:
    return version < IN_TRASH
