"""The one door to HTTP: a session that waits politely, streams, stays on its host and names what went wrong.

Retries here are seconds and few; what still fails is the caller's scope, told and tried again at the next run.
"""

from shared.http.door import Answer, Http
from shared.http.pace import Pace, Shut
from shared.http.patience import RETRYABLE, patiently, retry_after

__all__ = ["RETRYABLE", "Answer", "Http", "Pace", "Shut", "patiently", "retry_after"]
