"""A limit for a whole answer: a time-out of a socket is for one read, and a server that trickles never meets it."""

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Unfinished(Exception):
    """The other side has let us wait for longer than an answer may take."""


class _Waited(io.RawIOBase):
    """What a socket reads of one answer; only the time spent waiting for it counts, not the reader's own."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, longest: float, clock: Callable[[], float]) -> None:
        self._raw = raw
        self._sock = sock
        self._longest = longest
        self._clock = clock
        self._waited = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left, each, begun = self._longest - self._waited, self._sock.gettimeout(), self._clock()
        is_cut = each is None or left < each
        if left <= 0:
            raise self._unfinished()
        if is_cut:
            self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if is_cut:
                raise self._unfinished() from None
            raise
        finally:
            self._waited += self._clock() - begun
            if is_cut:
                self._sock.settimeout(each)  # a connection that is kept sends its next request with it

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _unfinished(self) -> Unfinished:
        return Unfinished(f"the answer was not whole after {self._longest:g} s of waiting for it")


def adapter(longest: float, clock: Callable[[], float]) -> HTTPAdapter:
    """For a session of requests: whoever waits for an answer longer than `longest` seconds gets `Unfinished`.

    It holds from the status line to the last byte, trailers included, however the body is cut or packed, since
    everything that reads an answer reads it through the file that its connection makes of the socket.
    """

    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *how: Any, **named: Any) -> None:
            super().__init__(sock, *how, **named)
            self.fp = io.BufferedReader(_Waited(self.fp.detach(), sock, longest, clock))

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    made = HTTPAdapter()
    made.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return made
