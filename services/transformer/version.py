"""Which rules are at work: those that read a row otherwise must read every row again."""

from hashlib import sha256
from importlib import metadata, resources

import services.transformer.tidy as rules


def rules_version() -> str:
    """A digest of the code that tidies, and of the libraries it stands on."""
    files = sorted(
        (file for file in resources.files(rules).iterdir() if file.name.endswith(".py")), key=lambda file: file.name
    )
    code = sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return " ".join([code, *(f"{name} {metadata.version(name)}" for name in ("orjson", "pandas"))])
