"""HTTP connections whose time-out is for the whole request.

What `requests` calls a time-out is for each piece that goes or comes: a server that sends a byte now and then may
hold its caller for as long as it likes. Not bounded is the operating system's look-up of the host's name; and the
time for connecting goes anew for each of a host's addresses, and for TLS.
"""

import io
import socket
from functools import lru_cache
from http.client import HTTPResponse
from time import monotonic
from typing import Any, ClassVar

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import Timeout

from mcp_gateway.outbound import POOL_SIZE, is_public


class _Reader(io.RawIOBase):
    """Reads from a socket until its time-out, as it is now, has passed once."""

    def __init__(self, source: io.BufferedReader, connection: socket.socket) -> None:
        super().__init__()
        self._source = source
        self._connection = connection
        self._deadline = monotonic() + (connection.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._source.raw.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        # urllib3 sets the socket's time-out, to what is left of the total, right before it asks for the response.
        self.fp = io.BufferedReader(_Reader(self.fp, sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _TLSConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _PublicTLSConnection(_TLSConnection):
    """Hangs up on a private address before a byte is sent: names may lead elsewhere than when they were checked."""

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        if not is_public(made.getpeername()[0]):
            made.close()
            raise NewConnectionError(self, "a private address")
        return made


class _PublicTLSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTLSConnection


class _Adapter(HTTPAdapter):
    pools: ClassVar[dict[str, Any]] = {"http": _Pool, "https": _TLSPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


class _PublicAdapter(_Adapter):
    pools = {"https": _PublicTLSPool}


@lru_cache(maxsize=2)
def _adapter(adapter_class: type[_Adapter]) -> _Adapter:
    """The process's connections."""
    return adapter_class(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE, max_retries=0)


def send(
    request: PreparedRequest, *, connect_seconds: float, total_seconds: float, public_only: bool = False
) -> Response:
    """Send it once and read the answer whole; a redirect is an answer too. Raises requests.RequestException.

    `public_only`: https, and never to an address of a private network, whatever the host's name leads to.
    """
    timeout = Timeout(connect=connect_seconds, total=total_seconds)
    adapter = _adapter(_PublicAdapter if public_only else _Adapter)
    response = adapter.send(request, timeout=timeout)  # type: ignore[arg-type]  # the stubs know seconds only
    response.content  # noqa: B018  # reads it
    return response
