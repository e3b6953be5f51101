"""The newest batch of each scope as CSV for people, written beside the work: neither a fact nor a run waits for it."""

from collections.abc import Callable
from datetime import timedelta

from shared.landing import Cells, Landing, Manifest, flat
from shared.messaging.service import Every


class Spreadsheets:
    """Writes what landed since the last beat; of a scope that landed twice only the newest."""

    def __init__(self, landing: Landing, cells_of: Callable[[Manifest], Cells] = lambda _: flat) -> None:
        self._landing = landing
        self._cells_of = cells_of
        self._due: dict[str, Manifest] = {}
        self._written: dict[str, str] = {}
        self.every = Every("csv", timedelta(minutes=1), self.beat)

    def batch_landed(self, manifest: Manifest, before: str | None) -> None:
        """There is a newer batch of its scope; `before` is the ref of the one that was the newest until now."""
        if before is not None:
            self._written.setdefault(manifest.scope, before)
        if manifest.records or manifest.kind == "full":
            self._due[manifest.scope] = manifest
            self.every.wake.set()

    def beat(self) -> None:
        """Raises `Outage` where the landing does not work: the next beat goes on from there."""
        for scope in list(self._due):
            manifest = self._due[scope]
            self._landing.write_csv(manifest, self._cells_of(manifest))
            older = self._written.get(scope)
            if older is not None and older != manifest.batch_ref:
                self._landing.drop_csv(older)
            self._written[scope] = manifest.batch_ref
            if self._due[scope] is manifest:
                del self._due[scope]
