"""The door to the watchman outside (HEARTBEAT_URL): who misses our call tells people that we are down."""

from shared.errors import Rejected, Transient
from shared.http import Http, Pace


class Watchman:
    """One address that wants to be called every minute."""

    def __init__(self, url: str) -> None:
        self._http = Http(url, pace=Pace(1, 1), timeout=(5.0, 10.0), longest=20.0)

    def call(self) -> None:
        """Say that all is well. Raises `Transient` when the watchman did not hear it."""
        try:
            answer = self._http.call("GET", "")
        except Rejected as error:
            # Not in its words: the address may be a secret, and where it leads to another.
            raise Transient("it sends us elsewhere, or its certificate does not fit") from error
        if answer.status >= 300:
            raise Transient(f"it answered {answer.status}")
