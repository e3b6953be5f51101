"""How others read a Notion data source: each as its own documentation shows, with only the base address changed.

`python -m bench.notion_readers READER FILE` reads what NOTION_URL, NOTION_TOKEN, DATABASE and DATA_SOURCE name, and
writes the ids of the rows, in the order in which they came, to FILE.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path


def by_dlt(url: str, token: str, database_id: str, _source_id: str) -> Iterator[str]:
    """As the verified Notion source asks: version 2022-06-28, the database's query, the cursor in the body."""
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
    from dlt.sources.helpers.rest_client.client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    client = RESTClient(
        base_url=f"{url}/v1",
        headers={"accept": "application/json", "Notion-Version": "2022-06-28"},
        auth=BearerTokenAuth(token),
        paginator=JSONResponseCursorPaginator(
            cursor_path="next_cursor", cursor_body_path="start_cursor", has_more_path="has_more"
        ),
        data_selector="results",
    )
    for page in client.paginate(f"databases/{database_id}/query", method="POST", json={}):
        yield from (row["id"] for row in page)


def by_notion_client(url: str, token: str, _database_id: str, source_id: str) -> Iterator[str]:
    """Its own helper, row by row."""
    from notion_client import Client
    from notion_client.helpers import iterate_paginated_api

    client = Client(auth=token, base_url=url)
    for row in iterate_paginated_api(client.data_sources.query, data_source_id=source_id):
        yield row["id"]


def by_ultimate_notion(url: str, token: str, _database_id: str, source_id: str) -> Iterator[str]:
    """All pages of the data source, as objects."""
    from ultimate_notion import Session
    from ultimate_notion.config import Config, UNOCfg, get_cfg_file

    with Session(Config(ultimate_notion=UNOCfg(token=token, cfg_path=get_cfg_file())), base_url=url) as session:
        for page in session.get_ds(source_id).get_all_pages():
            yield str(page.id)


READERS: dict[str, Callable[[str, str, str, str], Iterator[str]]] = {
    "dlt": by_dlt,
    "notion-client": by_notion_client,
    "ultimate-notion": by_ultimate_notion,
}


def main() -> int:
    read = READERS[sys.argv[1]]
    names = ("NOTION_URL", "NOTION_TOKEN", "DATABASE", "DATA_SOURCE")
    with Path(sys.argv[2]).open("w", encoding="ascii") as file:
        file.writelines(f"{row_id}\n" for row_id in read(*(os.environ[name] for name in names)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
