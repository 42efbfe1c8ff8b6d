"""A cable that is pulled looks like a server that was stopped."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from retell.truth.cable import RESET, Cable


@pytest.fixture
def cable() -> Iterator[Cable]:
    """To a server that says back what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=say_back, args=[server], daemon=True).start()
        with Cable(*server.getsockname()) as cable:
            yield cable


def say_back(server: socket.socket) -> None:
    while True:
        try:
            heard, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=say_all_back, args=[heard], daemon=True).start()


def say_all_back(connection: socket.socket) -> None:
    with connection, suppress(ConnectionResetError):
        while data := connection.recv(1024):
            connection.sendall(data)


def connect(cable: Cable) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cable.port), timeout=5)


def echo(connection: socket.socket) -> bytes:
    connection.sendall(b"hello")
    return connection.recv(1024)


def test_it_hands_on_in_both_directions(cable: Cable) -> None:
    with connect(cable) as one, connect(cable) as other:
        assert [echo(one), echo(other)] == [b"hello", b"hello"]


def test_whoever_is_connected_is_cut_off(cable: Cable) -> None:
    with connect(cable) as connection:
        echo(connection)
        with cable.pulled(), pytest.raises(ConnectionResetError):
            connection.recv(1024)


def test_nobody_gets_through_meanwhile(cable: Cable) -> None:
    with cable.pulled(), pytest.raises(ConnectionRefusedError):
        connect(cable)


def test_afterwards_all_is_as_before(cable: Cable) -> None:
    for _ in range(3):
        with cable.pulled():
            pass
        with connect(cable) as connection:
            assert echo(connection) == b"hello"


def test_who_goes_before_being_served_takes_nobody_along(cable: Cable) -> None:
    for _ in range(200):
        hasty = connect(cable)
        hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        hasty.close()
    with connect(cable) as connection:
        assert echo(connection) == b"hello"


def test_who_hangs_up_is_hung_up_on_at_the_other_end(cable: Cable) -> None:
    with connect(cable) as connection:
        echo(connection)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b""
