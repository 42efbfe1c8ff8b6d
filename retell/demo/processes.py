"""The processes of an installation on this machine, started and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import requests
from django.conf import settings

# An idle Celery worker takes longer to say goodbye; what it would have done stands in the database.
STOP_SECONDS = 3.0
START_SECONDS = 30.0


class ProcessFailed(Exception):
    """A process did not come up, or ended by itself; the text has the end of its log."""


class Processes:
    """Use as a context manager: whatever was started is stopped at its end. Logs go to `log` in the folder."""

    def __init__(self, var_dir: Path | None = None) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.log_dir = (var_dir or Path(settings.VAR_DIR)) / "log"
        self.log_dir.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            # A session of its own: what is left of the group goes too.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a Python module with arguments, in a session of its own; the log of one started before goes on."""
        with (self.log_dir / f"{name}.log").open("ab" if name in self.running else "wb") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603  (our own modules)
                [sys.executable, *arguments],
                env={**os.environ, **environment},
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_url(self, name: str, url: str) -> None:
        """Wait until the process answers; raises ProcessFailed."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check(name)
            with suppress(requests.ConnectionError, requests.Timeout):
                if requests.get(url, timeout=5).ok:
                    return
            time.sleep(0.05)
        raise ProcessFailed(f"{name} does not answer at {url}.\n{self.tail(name)}")

    def check(self, name: str) -> None:
        """Raise ProcessFailed if the process has ended."""
        code = self.running[name].poll()
        if code is not None:
            raise ProcessFailed(f"{name} ended with code {code}.\n{self.tail(name)}")

    def tail(self, name: str) -> str:
        return (self.log_dir / f"{name}.log").read_text(errors="replace")[-2000:]


def free_port(wanted: int = 0) -> int:
    """The wanted port if nobody has it, else any free one."""
    for port in (wanted, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as server:
            return int(server.getsockname()[1])
    raise ProcessFailed("There is no free port.")
