"""Settings of the Notion extractor."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from shared.settings import Broker, Duration, HttpUrl, LandingPlace, Tokens


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _address(text: object) -> object:
    if not isinstance(text, str):
        return text
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not a host and a port: write 127.0.0.1:8090")
    return host, int(port)


class Settings(Broker, LandingPlace, Tokens):
    """What the Notion extractor takes from its environment."""

    notion_api_url: HttpUrl = "https://api.notion.com"
    notion_token: SecretStr | None = None
    notion_sources: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    notion_every: Duration = timedelta(hours=1)
    notion_full_every: Duration = timedelta(hours=24)
    notion_requests_per_minute: Annotated[int, Field(ge=1)] = 150
    notion_mapping: Path | None = None
    notion_webhook_listen: Annotated[tuple[str, int] | None, BeforeValidator(_address)] = None
    notion_webhook_token: SecretStr | None = None
