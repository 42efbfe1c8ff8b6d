"""A customer's server as a test needs it: records what comes in and answers what it was told to."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def signature(self) -> str:
        return self.headers["x-retell-signature"]


@dataclass
class Answer:
    status: int = 200
    body: object = None
    seconds: float = 0
    during: Callable[[], object] = lambda: None

    def encoded(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Recorder:
    received: list[Received] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    url: str = ""

    def answer(self, path: str, *answers: Answer) -> None:
        """The answers of one path in turn; the last one stays."""
        self.answers[path] = list(answers)

    def next_answer(self, path: str) -> Answer:
        queue = self.answers.get(path.partition("?")[0], [Answer(body={})])
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def events(self) -> list[str]:
        return [row.json["event"] for row in self.received if row.path == "/events"]

    def at(self, path: str) -> list[Received]:
        return [row for row in self.received if row.path.partition("?")[0] == path]


class RunningRecorder:
    def __enter__(self) -> Recorder:
        recorder = Recorder()

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.received.append(Received(self.command, self.path, headers, body))
                answer = recorder.next_answer(self.path)
                time.sleep(answer.seconds)
                answer.during()
                content = answer.encoded()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                """A client that gave up waiting is what some tests want."""

        self.server = Server(("127.0.0.1", 0), Handler)
        recorder.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return recorder

    def __exit__(self, *exc_info) -> None:
        self.server.shutdown()
        self.server.server_close()
