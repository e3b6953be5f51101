"""Settings of the simulators, from `SIM_*` variables."""

import re
from datetime import timedelta
from typing import Annotated, Any

import jwt
from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(value: object) -> object:
    """`90s`, `7m`, `1h`, `2d` as a timedelta; anything else is left for pydantic to judge."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value.strip())):
        return timedelta(**{UNITS[match[2]]: float(match[1])})
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Everything the simulators can be told at start. Port 0 takes any free port."""

    model_config = SettingsConfigDict(env_prefix="SIM_", frozen=True, env_ignore_empty=True)

    host: str = "127.0.0.1"
    gestta_port: Port = 9101
    notion_port: Port = 9102
    slack_port: Port = 9103
    portal_port: Port = 9104
    control_port: Port = 9105

    seed: int = 7
    tasks_per_quarter: Annotated[int, Field(ge=0)] = 15_000
    clients: Annotated[int, Field(ge=1)] = 800
    people: Annotated[int, Field(ge=5)] = 60
    events_per_minute: Annotated[float, Field(ge=0)] = 60
    """0: the world stands still until the control door moves it."""

    gestta_token: SecretStr = SecretStr("")
    """A first token (any JWT) that is accepted for `gestta_token_life` after the start, or until its own `exp`."""
    gestta_token_life: Duration = timedelta(hours=23, minutes=30)
    gestta_email: str = "robo@escritorio.example"
    gestta_password: SecretStr = SecretStr("senha-inventada")
    report_max_days: Annotated[int, Field(ge=1)] = 100

    notion_token: SecretStr = SecretStr("ntn_simulated")
    slack_token: SecretStr = SecretStr("xoxb-simulated")
    slack_channel: str = "operacional"
    portal_email: str = "robo@escritorio.example"
    portal_password: SecretStr = SecretStr("senha-inventada")
    refresh_takes: Duration = timedelta(seconds=3)

    @field_validator("gestta_token")
    @classmethod
    def is_a_jwt(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().removeprefix("JWT ").strip()
        if text:
            try:
                jwt.decode(text, options={"verify_signature": False})
            except jwt.InvalidTokenError as error:
                raise ValueError("SIM_GESTTA_TOKEN must be a JWT (three parts with dots)") from error
        return SecretStr(text)


def on_free_ports(**chosen: Any) -> Settings:
    """A very small office that stands still, each system on a port that is free; but for what is `chosen`."""
    ports = dict.fromkeys(("gestta_port", "notion_port", "slack_port", "portal_port", "control_port"), 0)
    return Settings(**ports | {"tasks_per_quarter": 0, "clients": 5, "people": 5, "events_per_minute": 0} | chosen)
