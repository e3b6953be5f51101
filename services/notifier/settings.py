"""The notifier's settings."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import Broker, Database, Duration, HttpUrl, WholeUrl


class Settings(Broker, Database):
    """Where to tell people, and how patiently."""

    slack_api_url: HttpUrl = "https://slack.com/api"
    slack_bot_token: SecretStr
    slack_channel: Annotated[str, Field(min_length=1)]
    alert_group_wait: Duration = timedelta(seconds=30)
    """How long an incident gathers before it is said, and how long it must stay over before that is said."""
    alert_repeat_every: Duration = timedelta(hours=4)
    heartbeat_url: WholeUrl | None = None
