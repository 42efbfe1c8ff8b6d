"""What every vendor's sandbox shares: a real HTTP server with routes, a request log and faults on demand.

A sandbox stands in for a vendor in development and tests. It keeps its state in memory, listens on loopback only
and offers, besides the vendor's own paths, a control API:

    GET    /_sandbox/requests   what came in so far, oldest first
    GET    /_sandbox/faults     those that have not struck as often as they should
    POST   /_sandbox/faults     {"method", "path", "when", "action", ...}: see `Fault`
    DELETE /_sandbox/faults     no faults any more
    POST   /_sandbox/reset      empty state, empty log, no faults
"""

import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

HANG_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came in; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str
    received_at: float = field(default_factory=time.time)

    def json(self) -> Any:
        """The body as JSON, None when it is empty; raises ValueError when it is neither."""
        return json.loads(self.body) if self.body.strip() else None

    def as_log_row(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body.decode("utf-8", "replace"),
            "received_at": self.received_at,
        }


@dataclass(kw_only=True)
class Reply:
    """What goes back: `body` is sent as JSON unless it is bytes already; None sends no body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(kw_only=True)
class Fault:
    """One way to misbehave, for the next `times` requests that match.

    `when` "before": the request changes nothing; "after": the vendor has done the work and then fails.
    `action`: "delay" (`seconds`, then go on), "hang" (`seconds` of silence, then cut), "reset" (TCP reset),
    "malformed" (half a JSON document), "reply" (`status`, `body`, `headers` instead of the real answer; a text as
    `body` goes out as it is, such as a proxy's HTML).
    `path` is a regular expression that must match the whole path.
    """

    path: str
    action: Literal["delay", "hang", "reset", "malformed", "reply"]
    method: str = ""
    when: Literal["before", "after"] = "before"
    times: int = 1
    seconds: float = HANG_SECONDS
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def matches(self, request: Request) -> bool:
        return (
            self.times > 0 and self.method in ("", request.method) and re.fullmatch(self.path, request.path) is not None
        )


Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler_name: str
    holds_lock: bool


def route(method: str, path: str, *, holds_lock: bool = True) -> Callable[[Handler], Handler]:
    """Mark a method of a `Sandbox` as the handler of a path; `{name}` in the path becomes a keyword argument.

    Handlers run one at a time under the sandbox's lock, unless `holds_lock` is off because they wait for others.
    """

    def mark(handler: Handler) -> Handler:
        handler.sandbox_route = (method, path, holds_lock)  # type: ignore[attr-defined]
        return handler

    return mark


class Sandbox:
    """Base of a vendor's sandbox: subclasses keep the state and mark handlers with `@route`."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.base_url = ""
        self.routes = list(self._collect_routes())
        self.reset()

    def reset(self) -> None:
        """Forget everything: subclasses empty their state here."""
        raise NotImplementedError

    def unknown_path(self, request: Request) -> Reply:
        """The vendor's answer to a path that it does not have."""
        return Reply(status=404, body={"message": f"Cannot {request.method} {request.target}"})

    def finish(self, request: Request, reply: Reply) -> Reply:
        """Last touch on every answer, such as headers that the vendor always sends."""
        return reply

    def answer(self, request: Request) -> Reply:
        """The vendor's answer, without faults."""
        for known in self.routes:
            match = known.pattern.fullmatch(request.path)
            if known.method != request.method or match is None:
                continue
            arguments = {name: unquote(value) for name, value in match.groupdict().items()}
            handler = getattr(self, known.handler_name)
            if not known.holds_lock:
                return self.finish(request, handler(request, **arguments))
            with self.lock:
                return self.finish(request, handler(request, **arguments))
        return self.finish(request, self.unknown_path(request))

    def take_fault(self, request: Request, when: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.when == when and fault.matches(request):
                    fault.times -= 1
                    return fault
        return None

    @route("GET", "/_sandbox/requests")
    def list_requests(self, request: Request) -> Reply:
        return Reply(body=[row.as_log_row() for row in self.requests])

    @route("GET", "/_sandbox/faults")
    def list_faults(self, request: Request) -> Reply:
        return Reply(body=[asdict(fault) for fault in self.faults if fault.times > 0])

    @route("POST", "/_sandbox/faults")
    def add_fault(self, request: Request) -> Reply:
        self.faults.append(Fault(**request.json()))
        return Reply(status=201, body={"faults": len(self.faults)})

    @route("DELETE", "/_sandbox/faults")
    def drop_faults(self, request: Request) -> Reply:
        self.faults.clear()
        return Reply(status=204)

    @route("POST", "/_sandbox/reset")
    def reset_all(self, request: Request) -> Reply:
        self.requests.clear()
        self.faults.clear()
        self.reset()
        return Reply(status=204)

    def _collect_routes(self) -> Iterator[Route]:
        for attribute in dir(type(self)):
            marked = getattr(getattr(type(self), attribute), "sandbox_route", None)
            if marked:
                method, path, holds_lock = marked
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
                yield Route(method, pattern, attribute, holds_lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or else headers and body, written apart, cost 40 ms on a kept connection
    server: "_Server"

    def handle_any(self) -> None:
        sandbox = self.server.sandbox
        request = self._read_request()
        is_control = request.path.startswith("/_sandbox/")
        if not is_control:
            with sandbox.lock:
                sandbox.requests.append(request)
            if self._misbehave(sandbox.take_fault(request, "before")):
                return
        reply = sandbox.answer(request)
        if not is_control and self._misbehave(sandbox.take_fault(request, "after")):
            return
        self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            target=self.path,
        )

    def _misbehave(self, fault: Fault | None) -> bool:
        """Carry out the fault; True when nothing more is to be sent."""
        if fault is None:
            return False
        if fault.action in ("delay", "hang"):
            time.sleep(fault.seconds)
        if fault.action == "delay":
            return False
        if fault.action == "reply":
            body = fault.body.encode() if isinstance(fault.body, str) else fault.body
            self._send(Reply(status=fault.status, body=body, headers=dict(fault.headers)))
            return True
        if fault.action == "malformed":
            self._send(Reply(body=b'{"status": "success", "data": {"uid": "'))
            return True
        if fault.action == "reset":
            # SO_LINGER with zero seconds makes close() send a TCP reset instead of a polite end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        return True

    def _send(self, reply: Reply) -> None:
        content = reply.encoded()
        headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
        try:
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if reply.status != 204:
                self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the request log is the record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news; a bug of ours is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class RunningSandbox:
    """A sandbox behind a port: use as a context manager, or `serve_forever` in a process of its own."""

    def __init__(self, sandbox: Sandbox, *, port: int = 0) -> None:
        self.sandbox = sandbox
        self.server = _Server(port, sandbox)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        sandbox.base_url = self.base_url

    def serve_forever(self) -> None:
        self.server.serve_forever(poll_interval=0.1)

    def __enter__(self) -> "RunningSandbox":
        threading.Thread(target=self.serve_forever, name=self.sandbox.name, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.server.shutdown()
        self.server.server_close()
