"""Notion's token: a supplied one that worked, else NOTION_TOKEN; refused ones are not sent again."""

from collections.abc import Callable

from services.notion_extractor.notion_api import NotionApi
from shared.errors import AuthRejected
from shared.extraction.supplied import SuppliedTokens


class Credentials:
    """Makes the API with the token that is valid now."""

    def __init__(self, supplied: SuppliedTokens, given: str | None, make: Callable[[str], NotionApi]) -> None:
        self._supplied = supplied
        self._given = given
        self._make = make
        self._api: tuple[str, NotionApi] | None = None

    def api(self) -> NotionApi:
        """Raises `AuthRejected` where there is no token at all; a bad one is found out by the first call."""
        token = self._supplied.good() or self._given
        if token is None:
            raise AuthRejected("notion", 401, "there is no token: set NOTION_TOKEN or `console token set notion`")
        if self._api is None or self._api[0] != token:
            # Kept from run to run: the pace is the connection's, not the run's.
            self._api = (token, self._make(token))
        return self._api[1]

    def try_supplied(self) -> bool:
        """Try a newly supplied token before it replaces one that works. Raises `AuthRejected` where it does not."""
        token = self._supplied.new()
        if token is None:
            return False
        try:
            self._make(token).me()
        except AuthRejected:
            self._supplied.refuse()
            raise
        self._supplied.accept()
        return True
