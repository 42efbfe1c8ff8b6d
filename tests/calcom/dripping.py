"""A server that answers every request a few bytes at a time: no piece is late, the whole is."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import sleep

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOOPBACK = "127.0.0.1"


@contextmanager
def dripping(at_once: bytes, then: bytes, *, every: float, certificate: Path | None = None) -> Iterator[str]:
    """The address of a server that sends `at_once`, and then of `then` a byte `every` so many seconds."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        threading.Thread(target=_serve, args=(listener, at_once, then, every, certificate), daemon=True).start()
        yield f"{'https' if certificate else 'http'}://{LOOPBACK}:{listener.getsockname()[1]}"


def _serve(listener: socket.socket, at_once: bytes, then: bytes, every: float, certificate: Path | None) -> None:
    with suppress(OSError):  # the listener is closed: the test is over
        while True:
            client = listener.accept()[0]
            threading.Thread(target=_drip, args=(client, at_once, then, every, certificate), daemon=True).start()


def _drip(client: socket.socket, at_once: bytes, then: bytes, every: float, certificate: Path | None) -> None:
    with suppress(OSError), _secured(client, certificate) as connection:  # the client had enough of it
        connection.recv(65_536)
        connection.sendall(at_once)
        for byte in then:
            sleep(every)
            connection.sendall(bytes([byte]))


def _secured(client: socket.socket, certificate: Path | None) -> socket.socket:
    if certificate is None:
        return client
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(client, server_side=True)


def make_certificate(path: Path) -> Path:
    """A key and a certificate of its own for loopback, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
