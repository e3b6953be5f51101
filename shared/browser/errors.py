"""How a visit ends when it does not end well. Without Selenium: who only catches these need not load it."""


class PageFailed(Exception):
    """The page was asked and did not do it, in words for the office."""

    def __init__(self, reason: str, *, evidence: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


class Stopped(Exception):
    """The service was told to stop in mid-visit: nobody's fault."""
