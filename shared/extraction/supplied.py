"""Tokens that people supply: files in TOKENS_DIR, with one writer for each name.

Whoever supplies writes `<system>.token.supplied`; only the extractor, once it has tried it, renames it to
`<system>.token` or deletes it.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SuppliedTokens:
    """The two files of one system. What `accept` and `refuse` judge is what `new` gave last: a token that was supplied
    since then stays, untried."""

    def __init__(self, folder: Path, system: str) -> None:
        self._new = folder / f"{system}.token.supplied"
        self._good = folder / f"{system}.token"
        self._tried: int | None = None

    def new(self) -> str | None:
        """A token that nobody has tried yet."""
        self._tried = self._version()
        return _read(self._new)

    def waits_since(self) -> datetime | None:
        """When the token that nobody has tried yet was supplied."""
        version = self._version()
        return datetime.fromtimestamp(version / 1e9, UTC) if version is not None else None

    def good(self) -> str | None:
        """The last supplied token that worked when it was tried."""
        return _read(self._good)

    def was_taken_since(self, moment: datetime) -> bool:
        """Whether the good one was supplied at or after `moment`, give or take a minute of two clocks."""
        try:
            supplied = datetime.fromtimestamp(self._good.stat().st_mtime, UTC)
        except FileNotFoundError:
            return False
        return supplied >= moment - timedelta(minutes=1)

    def accept(self) -> None:
        """The new token works: it is the good one from now on."""
        if self._is_tried():
            self._new.replace(self._good)

    def refuse(self) -> None:
        """The new token does not work."""
        if self._is_tried():
            self._new.unlink(missing_ok=True)

    def forget(self) -> None:
        """The good token works no longer."""
        self._good.unlink(missing_ok=True)

    def _is_tried(self) -> bool:
        version = self._version()
        return version is not None and self._tried in (version, None)

    def _version(self) -> int | None:
        try:
            return self._new.stat().st_mtime_ns
        except FileNotFoundError:
            return None


def supply(folder: Path, system: str, token: str) -> None:
    """Leave a token for the extractor of `system`: readable for its group alone, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{system}.token.{os.getpid()}"
    part.touch(mode=0o660)
    part.write_text(token.strip() + "\n", encoding="utf-8")
    part.chmod(0o660)
    part.replace(folder / f"{system}.token.supplied")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except FileNotFoundError:
        return None
