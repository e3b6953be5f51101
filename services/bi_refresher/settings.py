"""Settings of the refresher."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.settings import Broker, Database, Duration, LandingPlace, WholeUrl


class Settings(Broker, Database, LandingPlace):
    """What the refresher takes from its environment."""

    bi_flow: Literal["powerbi", "page"] = "powerbi"
    """`powerbi`: the page of a semantic model, behind Microsoft's sign-in. `page`: any report page with a button."""
    bi_url: WholeUrl
    bi_email: str = Field(default="", validate_default=True)
    bi_password: SecretStr = Field(default=SecretStr(""), validate_default=True)
    bi_refresh_gap: Duration = timedelta(minutes=13)
    bi_profile_dir: Path = Path("var/bi_profile")

    @field_validator("bi_email", "bi_password")
    @classmethod
    def _needed_to_sign_in(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not text and info.data.get("bi_flow") == "powerbi":
            raise ValueError("is missing: BI_FLOW=powerbi signs in")
        return value
