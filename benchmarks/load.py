"""A load of HTTP requests over kept connections, from one process."""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

CONTENT_LENGTH = b"content-length:"
DONE = (b"200", b"201", b"204")


class Source(Protocol):
    """Whoever knows what is to be sent, and where to."""

    name: str
    port: int

    def as_bytes(self) -> bytes:
        """The next request."""


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Target:
    """One request, sent again and again."""

    name: str
    port: int
    path: str
    headers: dict[str, str]
    body: bytes

    def as_bytes(self) -> bytes:
        return request(self.path, self.headers, self.body)


@dataclass(frozen=True)
class Measured:
    """Requests per second, and the time of one request in milliseconds."""

    per_second: float
    p50: float
    p99: float


def measure(target: Source, *, connections: int, seconds: float) -> Measured:
    """Send as fast as the server answers; raises RuntimeError on any answer but 200, 201 and 204."""
    times, spent = asyncio.run(_load(target, connections, seconds))
    times.sort()
    return Measured(
        per_second=len(times) / spent,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
    )


async def _load(target: Source, connections: int, seconds: float) -> tuple[list[float], float]:
    started = time.perf_counter()
    ends_at = started + seconds
    runs = await asyncio.gather(*(_connection(target, ends_at) for _ in range(connections)))
    return [one for run in runs for one in run], time.perf_counter() - started


async def _connection(target: Source, ends_at: float) -> list[float]:
    times = []
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    while time.perf_counter() < ends_at:
        sent = target.as_bytes()
        began = time.perf_counter()
        writer.write(sent)
        await _answer(reader, target)
        times.append(time.perf_counter() - began)
    writer.close()
    return times


async def _answer(reader: asyncio.StreamReader, target: Source) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = (line for line in head.lower().split(b"\r\n") if line.startswith(CONTENT_LENGTH))
    length = next((int(line.removeprefix(CONTENT_LENGTH)) for line in lengths), 0)
    body = await reader.readexactly(length)
    if head.split(b" ", 2)[1] not in DONE or b'"error"' in body:
        raise RuntimeError(f"{target.name}: {head[:80]!r} {body[:300]!r}")
