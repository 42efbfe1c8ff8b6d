"""The installation that is to be proved: real processes, restarted when they die, with cables that can be pulled."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from redis import Redis

from retell.demo.company import Vendors
from retell.demo.processes import Processes
from retell.truth.cable import Cable, quiet_port

SWEEP_SECONDS = "2"
WEB_WORKERS, WEB_THREADS = "2", "8"
TASK_WORKERS = "4"
LOOK_SECONDS = 0.2
# As systemd waits before it starts again what has died.
RESTART_SECONDS = 0.5


class World:
    """Use as a context manager. `folder` is the VAR_DIR of the processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kill_points = folder / "kill-points"
        self.mails = folder / "mails"
        self.restarts: Counter[str] = Counter()
        self._starting = threading.Lock()
        self._is_over = threading.Event()

    def __enter__(self) -> "World":
        for name in ("kill-points", "metrics"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self.cables = {name: stack.enter_context(Cable(*address)) for name, address in _servers().items()}
            self.processes = stack.enter_context(Processes(self.folder))
            self._start()
            stack.enter_context(self._kept_up())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def strike(self, name: str, how: Literal["KILL", "TERM"], *, whole: bool) -> None:
        """End a process, with all its children or only one of them; the sandboxes are nobody's to strike."""
        leader = self.processes.running[name].pid
        number = signal.SIGKILL if how == "KILL" else signal.SIGTERM
        with suppress(ProcessLookupError):
            if not whole:
                os.kill(_child_of(leader) or leader, number)
            elif number == signal.SIGKILL:
                os.killpg(leader, number)
            else:
                os.kill(leader, number)

    def cut(self, cable: str, seconds: float, *, forgets: bool = False) -> None:
        """Pull a cable for some seconds; Redis may forget everything meanwhile."""
        with self.cables[cable].pulled():
            if forgets:
                Redis.from_url(settings.REDIS_URL).flushdb()
            time.sleep(seconds)

    def _start(self) -> None:
        ports = {name: quiet_port() for name in ("calcom", "retell", "web")}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self.vendors = Vendors(calcom_url=urls["calcom"], retell_url=urls["retell"], app_url=urls["web"])
        self.environment = self._environment()
        for vendor in ("calcom", "retell"):
            self._run(f"sandbox-{vendor}", ["manage.py", "sandbox", vendor, "--port", str(ports[vendor])])
        for name, arguments in self._own(ports["web"]).items():
            self._run(name, arguments)
        self.processes.wait_for_url("sandbox-calcom", f"{urls['calcom']}/_sandbox/faults")
        self.processes.wait_for_url("sandbox-retell", f"{urls['retell']}/_sandbox/faults")
        self.processes.wait_for_url("web", f"{urls['web']}/api/mcp/health/ready")

    def _own(self, port: int) -> Mapping[str, Sequence[str]]:
        """Our own processes: they may die, and are started again."""
        celery = ["-m", "celery", "-A", "config"]
        worker = ["--concurrency", TASK_WORKERS, "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        gunicorn = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        self.own: dict[str, Sequence[str]] = {
            "web": [*gunicorn, "--workers", WEB_WORKERS, "--threads", WEB_THREADS],
            "worker1": [*celery, "worker", "--hostname", "worker1@truth", *worker],
            "worker2": [*celery, "worker", "--hostname", "worker2@truth", *worker],
            "beat": [*celery, "beat", "--schedule", str(self.folder / "beat-schedule"), "--pidfile", ""],
        }
        return self.own

    def _run(self, name: str, arguments: Sequence[str]) -> None:
        self.processes.start(name, arguments, self.environment)

    @contextmanager
    def _kept_up(self) -> Iterator[None]:
        thread = threading.Thread(target=self._keep_up, name="supervisor", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _keep_up(self) -> None:
        """Start again what has died."""
        while not self._is_over.wait(LOOK_SECONDS):
            for name, arguments in self.own.items():
                died = self.processes.running[name]
                if died.poll() is None:
                    continue
                # What its leader has left behind still holds the port.
                with suppress(ProcessLookupError):
                    os.killpg(died.pid, signal.SIGKILL)
                time.sleep(RESTART_SECONDS)
                self.restarts[name] += 1
                self._run(name, arguments)

    def _environment(self) -> dict[str, str]:
        environment = {
            "DEBUG": "on",
            "DATABASE_URL": self._database_url(),
            "VAR_DIR": str(self.folder),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"),
            "KILL_POINTS_DIR": str(self.kill_points),
            "APP_URL": self.vendors.app_url,
            "CALCOM_API_URL": self.vendors.calcom_url,
            "RETELL_API_URL": self.vendors.retell_url,
            "EMAIL_URL": f"filemail://{self.mails}",
            "ALLOW_PRIVATE_URLS": "on",
            "SWEEP_SECONDS": SWEEP_SECONDS,
            "PYTHONUNBUFFERED": "1",
        }
        if settings.REDIS_URL:
            redis = _through(settings.REDIS_URL, self.cables["redis"])
            environment |= {"REDIS_URL": redis, "CELERY_BROKER_URL": redis}
        return environment

    def _database_url(self) -> str:
        if connection.vendor == "sqlite":
            return f"sqlite:///{connection.settings_dict['NAME']}"
        return _through(settings.DATABASE_URL, self.cables["database"])


def _servers() -> dict[str, tuple[str, int]]:
    """Where database and Redis are, as far as they are servers."""
    found = {}
    if connection.vendor == "mysql":
        found["database"] = (connection.settings_dict["HOST"], int(connection.settings_dict["PORT"] or 3306))
    if settings.REDIS_URL:
        url = urlsplit(settings.REDIS_URL)
        found["redis"] = (url.hostname or "127.0.0.1", url.port or 6379)
    return found


def _through(url: str, cable: Cable) -> str:
    """The same address by way of the cable."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{cable.port}"))


def _child_of(leader: int) -> int | None:
    """One child process, None where there is none."""
    with suppress(OSError):
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        return int(children[-1]) if children else None
    return None
