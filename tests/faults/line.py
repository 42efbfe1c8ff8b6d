"""A network between us and a server, which can be cut."""

import contextlib
import socket
import threading
from typing import Self
from urllib.parse import urlsplit

CHUNK = 65536


class Line:
    """A loopback port whose connections go on to the server of a URL. While it is cut nothing gets through.

    As on a real network, what was sent meanwhile is not lost: it arrives when the line is mended, however late.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (str(target.hostname), int(target.port or 80))
        self._is_whole = threading.Event()
        self._is_whole.set()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="line", daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_whole.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self) -> None:
        self._is_whole.clear()

    def mend(self) -> None:
        self._is_whole.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        server = socket.create_connection(self._target)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        """Until either side ends; then the other side hears of the end."""
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                self._is_whole.wait()
                sink.sendall(chunk)
        self._is_whole.wait()
        for end in (source, sink):
            with end, contextlib.suppress(OSError):  # the other direction was quicker
                end.shutdown(socket.SHUT_RDWR)
