"""A data source as its queries show it, without a server: rows, filters, pages and the cap."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import islice

from services.notion_extractor.walk import PAGE_SIZE
from shared.landing import iso

FIRST = datetime(2025, 3, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=400)


def row(number, minute, *, code="", state=None, main=False, edited=FIRST):
    """A row as a query shows it, created in the so-many-th minute."""
    return {
        "object": "page",
        "id": str(number),
        "created_time": iso(FIRST + timedelta(minutes=minute)),
        "last_edited_time": iso(edited),
        "properties": {
            "Código": {"id": "title", "type": "title", "title": [{"plain_text": code}] if code else []},
            "Estado": {"id": "s", "type": "select", "select": {"name": state} if state else None},
            "Matriz": {"id": "m", "type": "checkbox", "checkbox": main},
        },
    }


def meets(row, condition):
    """Notion's side of a filter; a value that lacks is no answer, not even a no."""
    if "timestamp" in condition:
        name = condition["timestamp"]
        return row[name] >= condition[name]["on_or_after"]
    cell = row["properties"][condition["property"]]
    held = cell[cell["type"]]
    if cell["type"] == "title":
        held = "".join(piece["plain_text"] for piece in held).casefold()
    elif cell["type"] == "select":
        held = held["name"] if held else ""
    ((operator, wanted),) = condition[cell["type"]].items()
    answers = {
        "contains": lambda: wanted in held,
        "does_not_contain": lambda: held != "" and wanted not in held,
        "equals": lambda: held == wanted,
        "does_not_equal": lambda: held not in ("", wanted),
        "is_empty": lambda: held == "",
    }
    return answers[operator]()


def place(row):
    """Oldest first, and within a minute as they were made."""
    return row["created_time"], int(row["id"])


class Cursor(str):
    """A text for whoever is given it; here it says how many rows were served, and behind which to go on."""

    __slots__ = ("behind", "served")
    behind: tuple[str, int]
    served: int


def cursor(served, behind):
    made = Cursor(f"{served} {behind}")
    made.served, made.behind = served, behind
    return made


class Pretended:
    """At most `cap` rows a query, oldest first, and `request_status` the only sign that there were more.

    Each page is found anew, behind the last row of the one before: rows may be edited meanwhile.
    """

    def __init__(self, rows, cap, *, size=PAGE_SIZE):
        self.rows, self.cap, self.size = sorted(rows, key=place), cap, size
        self.asked = 0

    def change(self, number, **values):
        """Other values for a row that stays where it is."""
        self.rows = [
            {**row(number, 0, **values), "created_time": each["created_time"]} if each["id"] == str(number) else each
            for each in self.rows
        ]

    def answer(self, body):
        self.asked += 1
        if body["sorts"][0]["direction"] == "descending":
            return {"object": "list", "results": self.rows[-body["page_size"] :], "has_more": True, "next_cursor": "c"}
        begin = body.get("start_cursor") or cursor(0, ("", 0))
        asked = body.get("filter", {"and": []})
        conditions = asked.get("and", [asked])
        rest = islice(self.rows, bisect_right(self.rows, begin.behind, key=place), None)
        room = min(self.size, self.cap - begin.served)
        found = list(islice((each for each in rest if all(meets(each, one) for one in conditions)), room + 1))
        results, served = found[:room], begin.served + len(found[:room])
        page = {"object": "list", "results": results, "has_more": False, "next_cursor": None}
        if len(found) == len(results):
            return page
        if served == self.cap:
            return page | {"request_status": {"type": "incomplete"}}
        return page | {"has_more": True, "next_cursor": cursor(served, place(results[-1]))}
