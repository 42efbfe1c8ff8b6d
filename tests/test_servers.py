"""The servers that other tests rely on are themselves tested, against the real programs."""

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.servers import (
    LOOPBACK,
    PROJECT,
    MariaDB,
    MissingServer,
    Process,
    ProcessFailed,
    Redis,
    find_program,
    free_port,
)
from tests.waiting import eventually

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go during the test, so that leftovers show."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def mariadb() -> Iterator[MariaDB]:
    with MariaDB() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


def query(server: MariaDB, *statements: str, database: str = "") -> tuple[tuple[Any, ...], ...]:
    with closing(server.connect(database)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
        return tuple(cursor.fetchall())


def store_a_row(server: MariaDB) -> None:
    query(
        server, "CREATE DATABASE shop", "CREATE TABLE shop.names (name text)", "INSERT INTO shop.names VALUES ('Jörg')"
    )


def python(code: str, **options: Any) -> Process:
    return Process([sys.executable, "-c", code], **options)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) != 0


# MariaDB


def test_mariadb_user_may_create_a_database_and_speaks_utf8mb4(mariadb: MariaDB) -> None:
    rows = query(mariadb, "CREATE DATABASE test_x", "USE test_x", "SELECT @@character_set_database")
    assert rows == (("utf8mb4",),)


def test_mariadb_url_names_everything_a_client_needs() -> None:
    with closing(MariaDB()) as server:
        assert server.url("test_x") == f"mysql://{server.user}:{server.password}@127.0.0.1:{server.port}/test_x"


def test_mariadb_keeps_its_rows_over_a_restart(mariadb: MariaDB) -> None:
    store_a_row(mariadb)
    mariadb.stop()
    mariadb.start()
    assert query(mariadb, "SELECT name FROM shop.names") == (("Jörg",),)


def test_mariadb_keeps_committed_rows_when_killed(mariadb: MariaDB) -> None:
    store_a_row(mariadb)
    mariadb.kill()
    mariadb.start()
    assert query(mariadb, "SELECT name FROM shop.names") == (("Jörg",),)


@pytest.mark.parametrize(("durable", "flush"), [(True, 1), (False, 2)])
def test_mariadb_forces_commits_to_disk_only_when_durable(durable: bool, flush: int) -> None:
    with MariaDB(durable=durable) as server:
        assert query(server, "SELECT @@innodb_flush_log_at_trx_commit") == ((flush,),)


def test_two_mariadb_servers_share_nothing(mariadb: MariaDB) -> None:
    store_a_row(mariadb)
    with MariaDB() as other:
        assert query(other, "SHOW DATABASES LIKE 'shop'") == ()


def test_mariadb_keeps_its_temporary_tables_to_itself(mariadb: MariaDB) -> None:
    assert query(mariadb, "SELECT @@tmpdir") == ((str(mariadb.folder),),)


def test_mariadb_that_cannot_start_shows_its_log() -> None:
    with MariaDB() as server:
        server.stop()
        server.command.append("--no-such-option")
        with pytest.raises(ProcessFailed, match="unknown option '--no-such-option'"):
            server.start()


# Redis


def test_redis_keeps_what_it_is_told(redis: Redis) -> None:
    with redis.connect() as client:
        client.set("name", "Jörg")
        assert client.get("name") == "Jörg".encode()


def test_redis_url_leads_to_database_zero_of_its_port(redis: Redis) -> None:
    assert redis.url == f"redis://127.0.0.1:{redis.port}/0"


def test_redis_flush_forgets_every_key(redis: Redis) -> None:
    with redis.connect() as client:
        client.set("name", "Jörg")
        redis.flush()
        assert client.dbsize() == 0


@pytest.mark.parametrize("end", [Redis.stop, Redis.kill])
def test_redis_comes_back_empty_on_the_same_port(redis: Redis, end: Any) -> None:
    with redis.connect() as client:
        client.set("name", "Jörg")
    end(redis)
    assert refuses(redis.port)
    redis.start()
    with redis.connect() as client:
        assert client.dbsize() == 0


def test_two_redis_servers_share_nothing(redis: Redis) -> None:
    with Redis() as other, redis.connect() as client, other.connect() as other_client:
        client.set("name", "Jörg")
        assert other_client.dbsize() == 0


def test_redis_does_not_take_a_stranger_on_its_port_for_itself(redis: Redis) -> None:
    with Redis() as other:
        other.stop()
        other.command[other.command.index(str(other.port))] = str(redis.port)
        other.port = redis.port
        with pytest.raises(ProcessFailed, match="Address already in use"):
            other.start()


# Both


@pytest.mark.parametrize("server_class", [MariaDB, Redis])
def test_nothing_is_left_of_a_server_after_its_context(server_class: type[MariaDB | Redis], temporary: Path) -> None:
    with server_class() as server:
        pid = server.pid
        assert list(temporary.iterdir()) == [server.folder]
    assert not alive(pid)
    assert refuses(server.port)
    assert list(temporary.iterdir()) == []


def test_nothing_is_left_of_a_server_that_fails_to_start(temporary: Path) -> None:
    server = Redis()
    server.command.append("--no-such-option")
    with pytest.raises(ProcessFailed), server:
        pass
    assert list(temporary.iterdir()) == []


def test_server_that_never_answers_is_ended() -> None:
    with closing(Redis()) as server:
        server.port = free_port()  # not the one that its command names
        server.ready_seconds = 0.5
        with pytest.raises(ProcessFailed, match="answering on port"):
            server.start()
        assert server.exit_code == -signal.SIGKILL


def test_missing_program_names_the_package_to_install() -> None:
    with pytest.raises(MissingServer, match="apt-get install some-package"):
        find_program("no-such-program", package="some-package")


def test_program_of_the_system_is_found_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert Path(find_program("mariadbd", package="mariadb-server")).name == "mariadbd"


def test_free_port_can_be_bound() -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        assert server.getsockname()[1] < 32_768


# Processes of the project


def test_process_runs_in_the_project_with_its_environment_laid_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKEN_AWAY", "1")
    code = "import os; print(os.getcwd(), os.environ['ADDED'], 'TAKEN_AWAY' in os.environ, 'PATH' in os.environ)"
    with python(code, environment={"ADDED": "yes", "TAKEN_AWAY": None}) as process:
        eventually(lambda: process.log() == f"{PROJECT} yes False True", what="its line in the log")


def test_process_is_awaited_until_it_listens() -> None:
    port = free_port()
    with Process([sys.executable, "-m", "http.server", "--bind", LOOPBACK, str(port)]) as process:
        process.wait_until_listening(port)
        assert not refuses(port)


def test_waiting_for_a_process_that_ends_shows_code_and_log() -> None:
    with (
        python("raise SystemExit('no such setting')") as process,
        pytest.raises(ProcessFailed, match=r"(?s)exit code 1 before: greeting.*no such setting"),
    ):
        process.wait_for(lambda: False, what="greeting")


def test_waiting_in_vain_for_a_process_shows_its_log() -> None:
    with (
        python("import time; print('still loading'); time.sleep(60)") as process,
        pytest.raises(ProcessFailed, match=r"(?s)greeting.*still loading"),
    ):
        process.wait_for(lambda: False, seconds=1, what="greeting")


def test_stop_lets_a_process_wind_down() -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up'); time.sleep(60)"
    with python(code) as process:
        process.wait_for(lambda: process.log() == "up")
        process.stop()
        assert process.exit_code == 7


def test_stop_kills_a_process_that_will_not_end() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"
    with python(code) as process:
        process.wait_for(lambda: process.log() == "up")
        process.stop(seconds=0.2)
        assert process.exit_code == -signal.SIGKILL


def test_kill_ends_the_processes_that_it_started_too() -> None:
    code = "import subprocess; child = subprocess.Popen(['sleep', '60']); print(child.pid); child.wait()"
    with python(code) as process:
        process.wait_for(process.log)
        process.kill()
        assert not alive(int(process.log()))


def test_killed_process_starts_again() -> None:
    with python("import time; print('up'); time.sleep(60)") as process:
        process.wait_for(lambda: process.log() == "up")
        process.kill()
        process.start()
        process.wait_for(lambda: process.log() == "up\nup")


def test_start_ends_what_a_dead_leader_left_behind() -> None:
    with python("import subprocess; print(subprocess.Popen(['sleep', '60']).pid)") as process:
        eventually(lambda: not process.running, what="end of the leader")
        orphan = int(process.log())
        assert alive(orphan)
        process.start()
        assert not alive(orphan)


def test_process_dies_with_the_test_run_that_started_it(temporary: Path) -> None:
    code = (
        "import os, signal; from tests.servers import Process; child = Process(['sleep', '60']); child.start();"
        "print(child.pid, flush=True); signal.pause()"
    )
    with python(code, environment={"TMPDIR": str(temporary)}) as run:
        run.wait_for(run.log)
        child = int(run.log())
        assert alive(child)
        os.kill(run.pid, signal.SIGKILL)  # not its group, of which the child is no member anyway
        eventually(lambda: not alive(child), what="end of the child")


# Waiting


def test_eventually_gives_the_first_truthy_value() -> None:
    values = iter([0, "", "ready", "later"])
    assert eventually(lambda: next(values), what="a value") == "ready"


def test_eventually_takes_an_exception_for_not_yet() -> None:
    numbers = iter([0, 4])
    assert eventually(lambda: 8 // next(numbers), what="a quotient") == 2


def test_eventually_fails_with_what_was_wanted_and_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"a booking \(last value: \[\]\)"):
        eventually(list, seconds=0, what="a booking")


def test_eventually_fails_with_the_last_exception() -> None:
    with pytest.raises(AssertionError, match=r"a booking \(last error: KeyError\('uid'\)\)") as failure:
        eventually(lambda: dict[str, str]()["uid"], seconds=0, what="a booking")
    assert isinstance(failure.value.__cause__, KeyError)
