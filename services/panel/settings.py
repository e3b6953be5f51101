"""The panel's settings."""

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import Common, DatabaseUrl, with_password


class Settings(Common):
    """Where to listen, and the read-only login."""

    panel_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    panel_host: str = "127.0.0.1"
    """In a container `0.0.0.0`: the port is published on loopback there."""
    panel_database_url: DatabaseUrl
    panel_database_password: SecretStr | None = None

    @property
    def warehouse_url(self) -> str:
        return with_password(self.panel_database_url, self.panel_database_password)
