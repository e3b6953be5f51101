"""Where everything lies that is made here and may be deleted."""

import os
from pathlib import Path


def var() -> Path:
    """`OPERACIONAL_VAR`, else `./var`."""
    return Path(os.environ.get("OPERACIONAL_VAR") or Path(__file__).parent.parent / "var").resolve()
