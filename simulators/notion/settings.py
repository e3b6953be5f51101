"""How this Notion behaves: its limits, its quirks and the connection's capabilities."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class NotionSettings:
    """Defaults are Notion's own; the rate limits are off so that tests are not slowed.

    `row_cap` rows are served per query or search at most. `cursor_ttl` is in seconds (None: cursors do not expire).
    Every `short_page_every`-th page of a walk is half as long as asked. A query for more than `heavy_page_size` rows
    takes the datastore too long: it ends with `heavy_status`, 503 or 504.

    Budgets are counted in fixed windows per app: `requests_per_window` of the connection per `window_seconds`, those
    of the whole workspace per `workspace_window_seconds` (their wait exceeds a minute), and of queries alone, the
    endpoint's own limit, per `window_seconds`. `blocked` refuses everything with the 429 that is not to be retried.
    """

    row_cap: int = 10_000
    cursor_ttl: float | None = None
    short_page_every: int | None = None
    heavy_page_size: int | None = None
    heavy_status: Literal[503, 504] = 503
    requests_per_window: int | None = None
    window_seconds: float = 60.0
    workspace_requests_per_window: int | None = None
    workspace_window_seconds: float = 300.0
    queries_per_window: int | None = None
    blocked: bool = False
    relation_limit: int = 25
    people_limit: int = 25
    read_content: bool = True
    read_user_info: bool = True
    integration_name: str = "Projeto Operacional"

    def changed(self, values: dict[str, Any]) -> "NotionSettings":
        """Raises ValueError for what is no setting or not of its type."""
        unknown = values.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **values)
