"""`.env.example` says exactly what the code takes, with the code's own defaults."""

import importlib
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from shared.database.__main__ import Settings as UpgradeSettings
from shared.settings import duration

ROOT = Path(__file__).parent.parent.parent
NAMES = [path.parent.name for path in sorted((ROOT / "services").glob("*/settings.py"))]


def _documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _fields() -> dict[str, Any]:
    kinds = [importlib.import_module(f"services.{name}.settings").Settings for name in NAMES]
    return {name.upper(): field for kind in (*kinds, UpgradeSettings) for name, field in kind.model_fields.items()}


def test_every_setting_is_documented_and_no_other():
    assert set(_documented()) == set(_fields())


@pytest.mark.parametrize("name", sorted(_fields()))
def test_the_documented_default_is_the_codes(name):
    written, default = _documented()[name], _fields()[name].default
    match default:
        case None | Enum():
            assert written == ""
        case timedelta():
            assert duration(written) == default
        case float():
            assert float(written.rstrip("%")) / 100 == pytest.approx(default)
        case int() if written.endswith(" months"):
            assert int(written.split()[0]) == default
        case _:
            secret = getattr(default, "get_secret_value", None)
            value = secret() if secret else default
            assert written == ("" if value is PydanticUndefined else str(value))
