"""A call's connection: waiting on it, and ending it before the answer does."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from starlette.types import Scope


async def waited(seconds: float, *, over: Callable[[], Awaitable[bool]]) -> bool:
    """Whether that time passed; False as soon as `over` says that nobody needs to wait any more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while (left := deadline - loop.time()) > 0:
        if await over():
            return False
        await asyncio.sleep(min(0.1, left))
    return True


async def reset(scope: Scope) -> None:
    """Break the connection off, so that the client sees a reset and no end of the answer."""
    transport: asyncio.Transport = scope["state"]["transport"]
    connection: socket.socket = transport.get_extra_info("socket")
    # Without a time to linger the close is a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The server must have noticed before the app returns, or it logs an answer left incomplete.
    await asyncio.sleep(0.01)
