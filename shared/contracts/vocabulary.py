"""Words with a fixed set of values."""

from typing import Literal

System = Literal["gestta", "notion", "powerbi", "slack", "warehouse"]
BatchKind = Literal["full", "increment", "lookup"]
Status = Literal["open", "in_progress", "blocked", "done", "set_aside", "cancelled"]
Role = Literal["clients", "tasks"]

LOOKUP_SCOPE = "lookup"
ALL_SCOPES = "all"
