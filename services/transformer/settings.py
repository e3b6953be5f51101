"""Settings of the transformer."""

from pathlib import Path

from shared.settings import Broker, Database, LandingPlace, Share


class Settings(Broker, Database, LandingPlace):
    """What the transformer takes from its environment."""

    export_dir: Path = Path("var/exports")
    removal_limit: Share = 0.15
    reject_limit: Share = 0.20
