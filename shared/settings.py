"""Settings from the environment: one frozen class per service, every error at once, secrets also from files."""

import logging
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

WRONG_SETTINGS = "these settings are wrong, see .env.example:"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: object) -> object:
    """`90s`, `7m`, `1h`, `90d` as a timedelta; anything else is left to the validator to refuse."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write 90s, 7m, 1h or 90d")
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def _share(text: object) -> object:
    if isinstance(text, str) and text.strip().endswith("%"):
        return float(text.strip()[:-1]) / 100
    return text


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an address: write https://host/path")  # never echoed: it may be a secret itself
    return url


def _base(url: str) -> str:
    return _http(url).rstrip("/")


def _level(text: object) -> object:
    level = str(text).upper()
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"{text!r} is not a level: write DEBUG, INFO, WARNING or ERROR")
    return level


def _address(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        # Never echoed: it may carry its password.
        try:
            parts = urlsplit(url)
            place = bool(parts.hostname) or "host=" in parts.query  # PostgreSQL's socket is named in the query
            known = parts.scheme.split("+")[0] in schemes and place and (parts.port or 1) > 0
        except ValueError:
            known = False
        if not known:
            raise ValueError(f"is not an address: write {schemes[0]}://login@host/name")
        return url

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_positive)]
Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]
HttpUrl = Annotated[str, AfterValidator(_base)]
"""The base of an API: what is asked for is put behind it."""
WholeUrl = Annotated[str, AfterValidator(_http)]
"""One page or door, asked for exactly as it is written."""
DatabaseUrl = Annotated[str, _address("postgresql", "postgres")]


class Common(BaseSettings):
    """What every process takes."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over, which knows files beside variables."""
        return (init_settings,)

    log_level: Annotated[str, BeforeValidator(_level)] = "INFO"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0


class Broker(Common):
    """A process on the road."""

    amqp_url: Annotated[str, _address("amqp", "amqps")]
    amqp_password: SecretStr | None = None

    @property
    def broker_url(self) -> str:
        return with_password(self.amqp_url, self.amqp_password)


class Database(Common):
    """A process with a login of its own in Postgres."""

    database_url: DatabaseUrl
    database_password: SecretStr | None = None

    @property
    def warehouse_url(self) -> str:
        return with_password(self.database_url, self.database_password)


class LandingPlace(Common):
    """A process that reads or writes raw batches."""

    landing_url: str = "var/landing"
    landing_keep: Duration = timedelta(days=90)


class Tokens(Common):
    """A process that takes or gives tokens."""

    tokens_dir: Path = Path("var/tokens")


S = TypeVar("S", bound=BaseSettings)


class SettingsError(SystemExit):
    """Ends the process (exit code 1) with one message that names every wrong variable."""


def load(kind: type[S], environ: dict[str, str] | None = None) -> S:
    """`kind` from the environment; a variable `X_FILE` names a file that holds `X`.

    Raises `SettingsError`.
    """
    given = dict(os.environ if environ is None else environ)
    wrong: list[str] = []
    values: dict[str, Any] = {}
    for field in kind.model_fields:
        name = field.upper()
        path = given.get(f"{name}_FILE")
        if path:
            try:
                held = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                wrong.append(f"{name}_FILE: {path} cannot be read ({error.strerror})")
            except UnicodeDecodeError:
                wrong.append(f"{name}_FILE: {path} is not a text file")
            else:
                if held:  # an empty file waits for a person, as an empty variable does
                    values[field] = held
        elif given.get(name):
            values[field] = given[name]
    try:
        settings = kind(**values)
    except ValidationError as error:
        unread = {line.split("_FILE")[0] for line in wrong}
        for item in error.errors():
            name = ".".join(str(part) for part in item["loc"]).upper()
            if name not in unread:
                wrong.append(f"{name}: {_words(item)}")
    if wrong:
        raise SettingsError(f"{WRONG_SETTINGS}\n  " + "\n  ".join(sorted(wrong)))
    return settings


def _words(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing"
    return str(item["msg"]).removeprefix("Value error, ")


def with_password(url: str, password: SecretStr | None) -> str:
    """`url` with `password` put in, so that addresses can be written down and passwords kept in files."""
    if password is None:
        return url
    parts = urlsplit(url)
    user = quote(unquote(parts.username or ""), safe="")
    secret = quote(password.get_secret_value(), safe="")
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{user}:{secret}@{host}"))
