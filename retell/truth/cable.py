"""A cable between our processes and a server, which can be pulled: as the server's restart looks to its clients."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
# Below Linux's ephemeral range (32768 and up): while a server is down no outgoing connection can take its port, nor
# can a client that tries it again end up connected to itself.
PORTS = range(20_000, 32_768)
# close() then sends a TCP reset instead of a polite end.
RESET = struct.pack("ii", 1, 0)


class Cable:
    """Hands on what comes in at `port` of loopback to the server. Use as a context manager."""

    def __init__(self, host: str, port: int) -> None:
        self.server = (host, port)
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self.port = quiet_port()
        self._listener = _listen(self.port)

    def __enter__(self) -> "Cable":
        self._accept()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pull()

    @contextmanager
    def pulled(self) -> Iterator[None]:
        """Every connection is reset, and new ones are refused."""
        self._pull()
        try:
            yield
        finally:
            self._listener = _listen(self.port)
            self._accept()

    def pull_for(self, seconds: float) -> None:
        with self.pulled():
            time.sleep(seconds)

    def _pull(self) -> None:
        # A thread that waits in accept() would keep a socket that is merely closed listening.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            _reset(end)

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while listener.fileno() != -1:
            # A client that has gone already is no reason to let the others wait.
            with suppress(OSError):
                client, _ = listener.accept()
                self._connect(client, listener)

    def _connect(self, client: socket.socket, listener: socket.socket) -> None:
        try:
            server = socket.create_connection(self.server, timeout=5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            # Pulled meanwhile?
            is_whole = listener is self._listener and listener.fileno() != -1
            self._ends |= {client, server} if is_whole else set()
        if not is_whole:
            _reset(client)
            server.close()
            return
        for ends in ((client, server), (server, client)):
            threading.Thread(target=self._hand_on, args=ends, daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                target.sendall(data)
        with self._lock:
            # Pulled, or hung up by the other direction, they are left as they are: a polite end would come too late.
            is_over = source not in self._ends
            self._ends -= {source, target}
        for end in () if is_over else (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


def quiet_port() -> int:
    """A port of loopback that stays free while nobody listens on it."""
    while True:
        port = random.choice(PORTS)  # noqa: S311  (not part of the plan)
        with suppress(OSError), _listen(port):
            return port


def _listen(port: int) -> socket.socket:
    return socket.create_server((LOOPBACK, port), backlog=128)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.shutdown(socket.SHUT_RD)
    end.close()
