"""How this Notion behaves: its limits, its quirks and the connection's capabilities."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotionSettings:
    """Defaults are Notion's own; the rate limit is off so that tests are not slowed.

    `row_cap` rows are served per query at most. `cursor_ttl` is in seconds (None: cursors do not expire).
    Every `short_page_every`-th page of a walk is half as long as asked. `requests_per_window` are allowed per
    `window_seconds`, counted in fixed windows per app.
    """

    row_cap: int = 10_000
    cursor_ttl: float | None = None
    short_page_every: int | None = None
    requests_per_window: int | None = None
    window_seconds: float = 60.0
    relation_limit: int = 25
    people_limit: int = 25
    read_content: bool = True
    read_user_info: bool = True
    integration_name: str = "Projeto Operacional"
