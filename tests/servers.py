"""Real servers for tests: each on a free loopback port, in a temporary folder, gone when its context ends.

Nothing here reads or touches a server that the system itself runs.
"""

import contextlib
import ctypes
import functools
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import MySQLdb  # type: ignore[import-untyped]
from redis import Redis as RedisClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.waiting import eventually

LOOPBACK = "127.0.0.1"
PROJECT = Path(__file__).resolve().parent.parent

# Below Linux's ephemeral range (32768 and up): no outgoing connection can take the port while its server is down,
# and a client that retries on it can't end up connected to itself.
_PORTS = range(20_000, 32_768)
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")  # not on an ordinary user's PATH
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class MissingServer(RuntimeError):
    """A server's program is not installed; the message names the Debian package that brings it."""


class ProcessFailed(RuntimeError):
    """A process ended too early or did not get ready in time; the message carries the end of its log."""


def free_port() -> int:
    """A loopback TCP port that nobody listens on."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def find_program(name: str, *, package: str) -> str:
    """The full path of a program; MissingServer names the Debian `package` to install."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    path = shutil.which(name, path=folders)
    if path is None:
        raise MissingServer(f"{name} is not installed: apt-get install {package}")
    return path


class Process:
    """A command in a process group of its own; output goes to a log file in a temporary folder.

    It dies with the thread that started it, so start it from one that lives as long as the tests need it.
    Processes that it starts are ended with it, unless they leave its group.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str | None] | None = None, cwd: Path = PROJECT
    ) -> None:
        """`environment` is laid over the current one; None takes a variable away."""
        self.command = list(command)
        self.environment = dict(environment or {})
        self.cwd = cwd
        self._temporary = TemporaryDirectory(prefix=f"test-{Path(self.command[0]).name}-")
        self.folder = Path(self._temporary.name)
        self.log_file = self.folder / "output.log"
        self._popen: subprocess.Popen[bytes] | None = None
        self._group: int | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._started.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the negative signal number when a signal ended it."""
        return self._started.poll()

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it, or start it again; the log goes on."""
        if self.running:
            raise RuntimeError(f"Already running: {self.command}")
        self.kill()  # what a leader that died on its own has left behind
        with self.log_file.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=functools.partial(_die_with_parent, os.getpid()),
            )
        self._group = self._popen.pid

    def stop(self, seconds: float = 10) -> None:
        """Ask the process to end (SIGTERM), and end by SIGKILL what is left of its group after `seconds`."""
        if self.running:
            # The leader only: it knows how to wind down its own workers.
            self._started.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End the whole group by SIGKILL; on return no member of it holds a port or a file any more."""
        # Forgotten once it is gone: its number may later belong to processes of others.
        group, self._group = self._group, None
        if group is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self._started.wait()
        eventually(lambda: not _group_lives(group), what=f"end of process group {group}")

    def close(self) -> None:
        """Stop it for good and remove its folder."""
        self.stop()
        self._temporary.cleanup()

    def wait_for(self, check: Callable[[], object], seconds: float = 30, *, what: str = "ready") -> None:
        """Poll until `check` is truthy; ProcessFailed when the time is up, or at once when the process ends."""
        try:
            eventually(lambda: not self.running or check(), seconds=seconds, what=what)
        except AssertionError as late:
            raise self._failure(str(late)) from late
        if not self.running:
            raise self._failure(f"Ended with exit code {self.exit_code} before: {what}")

    def wait_until_listening(self, port: int, seconds: float = 30) -> None:
        self.wait_for(lambda: _accepts(port), seconds, what=f"listening on port {port}")

    def log(self, lines: int = 40) -> str:
        """The last lines of what it wrote."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._popen is None:
            raise RuntimeError(f"Not started: {self.command}")
        return self._popen

    def _environment(self) -> dict[str, str]:
        # Unbuffered, so that the log of a killed Python process is whole.
        merged = {**os.environ, "PYTHONUNBUFFERED": "1", **self.environment}
        return {name: value for name, value in merged.items() if value is not None}

    def _failure(self, reason: str) -> ProcessFailed:
        return ProcessFailed(f"{reason}\nCommand: {' '.join(self.command)}\nEnd of its log:\n{self.log()}")


class _Server(Process):
    """A process that listens on one port, and has started only when it answers there."""

    ready_seconds = 30.0

    def __init__(self, command: Sequence[str], port: int) -> None:
        super().__init__(command)
        self.port = port
        self.cwd = self.folder

    def start(self) -> None:
        super().start()
        try:
            self.wait_for(self.answers, self.ready_seconds, what=f"answering on port {self.port}")
        except BaseException:
            self.kill()
            raise

    def answers(self) -> bool:
        """Whether this very server answers; may raise what its client raises."""
        raise NotImplementedError


class MariaDB(_Server):
    """A MariaDB server with one user, who may create databases.

    Unless `durable`, commits are handed to the operating system but not forced to disk: they survive `kill()`,
    though not a power failure.
    """

    user = "tests"

    def __init__(self, *, durable: bool = False) -> None:
        self.password = secrets.token_hex(8)  # of this instance only, so no other server can be taken for it
        self._install_program = find_program("mariadb-install-db", package="mariadb-server")
        self._settings = _mariadb_settings(durable=durable)
        port = free_port()
        program = find_program("mariadbd", package="mariadb-server")
        network = (f"--bind-address={LOOPBACK}", f"--port={port}", "--skip-name-resolve")
        # The socket's name is relative to the data folder: its full path might be longer than the system allows.
        files = ("--socket=mariadb.sock", "--pid-file=mariadb.pid")
        super().__init__([program, "--no-defaults", *network, *files, *self._settings], port)
        self._data = self.folder / "data"
        # A server that starts clears away the temporary tables in its folder for them: in /tmp others' as well.
        self._settings.append(f"--tmpdir={self.folder}")
        self.command += [f"--datadir={self._data}", self._settings[-1]]

    def start(self) -> None:
        if not self._data.exists():
            self._install()
        super().start()

    def url(self, name: str) -> str:
        """The DATABASE_URL of the database `name`, which need not exist yet."""
        return f"mysql://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{name}"

    def connect(self, database: str = "") -> Any:
        """A MySQLdb connection, to be closed by the caller."""
        return MySQLdb.connect(
            host=LOOPBACK,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            connect_timeout=5,
        )

    def answers(self) -> bool:
        self.connect().close()
        return True

    def _install(self) -> None:
        accounts = self.folder / "accounts.sql"
        # Accounts can be made during installation only once the privileges were loaded.
        accounts.write_text(
            "FLUSH PRIVILEGES;\n"
            f"CREATE USER '{self.user}'@'{LOOPBACK}' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{self.user}'@'{LOOPBACK}';\n"
        )
        options = ("--auth-root-authentication-method=normal", "--skip-test-db", f"--extra-file={accounts}")
        command = [self._install_program, "--no-defaults", f"--datadir={self._data}", *options, *self._settings]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProcessFailed(
                f"{' '.join(command)} ended with exit code {done.returncode}\n{done.stdout}{done.stderr}"
            )


class Redis(_Server):
    """A Redis server that keeps nothing: stopping it loses every key."""

    def __init__(self) -> None:
        port = free_port()
        program = find_program("redis-server", package="redis-server")
        memory_only = ("--save", "", "--appendonly", "no")
        super().__init__([program, "--bind", LOOPBACK, "--port", str(port), *memory_only], port)

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def connect(self) -> RedisClient:
        """A client without retries, to be closed by the caller."""
        return RedisClient.from_url(self.url, retry=Retry(NoBackoff(), 0), socket_timeout=5)

    def flush(self) -> None:
        """Forget every key."""
        with self.connect() as client:
            client.flushall()

    def answers(self) -> bool:
        with self.connect() as client:
            return bool(client.info("server")["process_id"] == self.pid)


def _mariadb_settings(*, durable: bool) -> list[str]:
    """What installation and server must agree on, small and quick for a test's few rows."""
    relaxed = ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync"]
    small = [
        "--character-set-server=utf8mb4",
        "--skip-log-bin",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
        "--aria-log-file-size=8M",
        "--aria-pagecache-buffer-size=8M",
        "--key-buffer-size=1M",
    ]
    account = ["--user=root"] if os.geteuid() == 0 else []
    return [*small, *([] if durable else relaxed), *account]


def _accepts(port: int) -> bool:
    socket.create_connection((LOOPBACK, port), timeout=1).close()
    return True


def _die_with_parent(parent: int) -> None:
    """Runs in the child before its command: no server outlives a test run that was killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before prctl could notice
        os._exit(1)


def _group_lives(group: int) -> bool:
    """Whether a process of the group still runs; zombies, which hold nothing any more, don't count."""
    return any(_live_member(stat, group) for stat in Path("/proc").glob("[0-9]*/stat"))


def _live_member(stat: Path, group: int) -> bool:
    try:
        # "pid (name) state parent group …"; the name may hold spaces and brackets
        state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
    except OSError:  # it ended meanwhile
        return False
    return int(its_group) == group and state not in "ZX"
