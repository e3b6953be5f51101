"""Which rules are at work: those that read a row otherwise must read every row again."""

import unicodedata
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable

import services.transformer
import services.transformer.tidy
import shared.contracts
import shared.landing

BESIDE = (
    resources.files(services.transformer) / "lines.py",
    resources.files(services.transformer) / "staging.py",
    resources.files(shared.contracts) / "notion_values.py",
    resources.files(shared.landing) / "links.py",
)
"""What makes rows what they are, outside of `tidy`."""


def rules_version() -> str:
    """A digest of the code that tidies, and of the libraries it stands on."""
    code = sha256(b"\0".join(file.read_bytes() for file in rules())).hexdigest()
    libraries = (f"{name} {metadata.version(name)}" for name in ("orjson", "pandas"))
    return " ".join([code, *libraries, f"unicode {unicodedata.unidata_version}"])


def rules() -> list[Traversable]:
    """The files that the version is made of."""
    tidy = (file for file in resources.files(services.transformer.tidy).iterdir() if file.name.endswith(".py"))
    return sorted((*tidy, *BESIDE), key=lambda file: file.name)
