"""What systemd does in production: whatever has died is started again."""

import threading
from collections.abc import Sequence
from typing import Self

from tests.servers import Process

WATCH_SECONDS = 0.2


class Supervisor:
    """Use as a context manager. What it has started dies with it; nobody else may start or stop the processes."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes = processes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            for process in self.processes:
                if not process.running:
                    process.start()
