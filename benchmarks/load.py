"""A load of HTTP requests over kept connections, from one process."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One request, sent again and again."""

    name: str
    port: int
    path: str
    headers: dict[str, str]
    body: bytes

    def as_bytes(self) -> bytes:
        lines = [f"POST {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Measured:
    """Requests per second, and the time of one request in milliseconds."""

    per_second: float
    p50: float
    p99: float


def measure(target: Target, *, connections: int, seconds: float) -> Measured:
    """Send as fast as the server answers; raises RuntimeError on any answer that is not 200."""
    times, spent = asyncio.run(_load(target, connections, seconds))
    times.sort()
    return Measured(
        per_second=len(times) / spent,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
    )


async def _load(target: Target, connections: int, seconds: float) -> tuple[list[float], float]:
    started = time.perf_counter()
    ends_at = started + seconds
    runs = await asyncio.gather(*(_connection(target, ends_at) for _ in range(connections)))
    return [one for run in runs for one in run], time.perf_counter() - started


async def _connection(target: Target, ends_at: float) -> list[float]:
    request, times = target.as_bytes(), []
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    while (began := time.perf_counter()) < ends_at:
        writer.write(request)
        await _answer(reader, target)
        times.append(time.perf_counter() - began)
    writer.close()
    return times


async def _answer(reader: asyncio.StreamReader, target: Target) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if b" 200 " not in head.split(b"\r\n", 1)[0] or b'"error"' in body:
        raise RuntimeError(f"{target.name}: {head[:80]!r} {body[:300]!r}")
