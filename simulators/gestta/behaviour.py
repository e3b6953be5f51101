"""How this Gestta is today: what the control door can change while it runs."""

from dataclasses import field, replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Spoil:
    """What is wrong with one row as it is served; the world, and so the truth, knows nothing of it."""

    set: dict[str, Any] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Behaviour:
    """A name that does not exist, or a value not of its type, raises ValueError."""

    report_max_days: Annotated[int, Field(ge=1)] = 100
    report_too_long: Literal["400", "422", "500", "504", "timeout"] = "400"
    """What a longer range gets; `timeout` never answers, but breaks off after `report_timeout` seconds."""
    report_timeout: Annotated[float, Field(ge=0)] = 60
    report_date: Literal["due", "created", "concluded"] = "due"
    """Which of a task's dates the report's range filters by. Not documented of the real one; the due date is likely."""
    report_shape: Literal["flat", "nested", "null_parents", "mixed"] = "flat"
    report_under_data: bool = False
    company_date: Literal["", "created_at", "created"] = ""
    """Under which key, if any, a report row says since when the office itself is a customer."""
    row_extra: dict[str, Any] = field(default_factory=dict)
    """Keys that every row of report, search and lookup has besides its own."""
    row_spoils: dict[str, Spoil] = field(default_factory=dict)
    """By task id, in report, search and lookup alike."""
    report_strays: list[Any] = field(default_factory=list)
    """Values that stand in every report behind its rows: anything but a task."""

    search_envelope: Literal["docs", "totals", "array", "data", "items", "results"] = "docs"
    """`docs`: docs, total, limit, page, pages; `totals`: docs, totalDocs, limit, page, totalPages, hasNextPage;
    `array`: the bare rows; the others: the rows under that key, and total."""
    search_limit_cap: Count = 0
    """The most rows of a page, whatever limit is asked for; 0: no cap."""
    search_repeats: Count = 0
    """So many rows of the page before are served again on the next one."""
    search_past_end: Literal["empty", "last"] = "empty"
    """What a page after the last one holds."""
    search_shifts: Count = 0
    """So many times a task of the page just served is concluded before the next page is asked for."""
    search_parents: Literal["object", "id", "missing", "mixed"] = "object"
    unite_statuses: bool = False
    """Whether a search for several statuses finds all of them; the real one finds the first only."""

    task_under_data: bool = False
    lookup_forbidden: bool = False

    refuse_with: Literal[401, 403] = 401
    login_status: Literal[200, 201] = 200
    login_closed: bool = False
    """The office signs in elsewhere: its passwords open nothing here."""
    lock_after: Count = 0
    """So many wrong passwords in a row lock the account; 0: it is never locked."""

    def changed(self, values: dict[str, Any]) -> "Behaviour":
        """Raises ValueError for what is no setting or not of its type."""
        unknown = values.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **values)
