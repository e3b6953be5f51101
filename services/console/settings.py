"""Settings of the console."""

from shared.settings import Broker, Database, LandingPlace, Tokens


class Settings(Broker, Database, LandingPlace, Tokens):
    """What the console takes from its environment; the doctor's checks read each service's own."""
