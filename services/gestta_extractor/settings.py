"""Settings of the Gestta extractor."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from shared.settings import Broker, Duration, HttpUrl, LandingPlace, Tokens


def months(text: object) -> object:
    """`3 months` or `1 month` as a number of months."""
    match = re.fullmatch(r"(\d+)\s*months?", str(text).strip())
    if isinstance(text, str) and match is None:
        raise ValueError(f"{text!r} is not a number of months: write `3 months`")
    return int(match[1]) if match else text


class Settings(Broker, LandingPlace, Tokens):
    """What the Gestta extractor takes from its environment."""

    gestta_api_url: HttpUrl = "https://api.gestta.com.br"
    gestta_token: SecretStr | None = None
    gestta_email: str | None = None
    gestta_password: SecretStr | None = None
    gestta_login: Literal["password", "onvio"] = "password"
    """`onvio`: the office signs in through Onvio, with a browser (see the runbook for the image it needs)."""
    gestta_onvio_url: HttpUrl = "https://onvio.com.br"
    gestta_every: Duration = timedelta(minutes=7)
    gestta_from: int = -1
    gestta_to: int = 1
    gestta_block: Annotated[int, BeforeValidator(months), Field(ge=1, le=12)] = 3
    gestta_requests_per_hour: Annotated[int, Field(ge=1)] = 600
    gestta_token_warning: Duration = timedelta(hours=2)
    gestta_task_url: str = ""
