"""A running sandbox with one account, a client for it, and a receiver for its webhooks."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from calcom.sandbox import CalcomSandbox
from mcp_gateway.sandbox import RunningSandbox

MONDAY = "2035-01-08"
NINE = f"{MONDAY}T09:00:00Z"
TEN = f"{MONDAY}T10:00:00Z"
VERSIONS = {"bookings": "2024-08-13", "slots": "2024-09-04", "event-types": "2024-06-14", "schedules": "2024-06-11"}


@dataclass
class Client:
    """One customer's program: sends the key and the right version unless told otherwise."""

    base_url: str
    api_key: str = "cal_anna"

    def call(self, method: str, path: str, *, version: str = "", **request) -> requests.Response:
        version = version or VERSIONS.get(path.split("/")[2].partition("?")[0], "")
        headers = {"cal-api-version": version} if version not in ("", "none") else {}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return requests.request(method, self.base_url + path, headers=headers, timeout=10, **request)

    def control(self, path: str, body: dict | None = None, method: str = "POST") -> requests.Response:
        return requests.request(method, f"{self.base_url}/_sandbox/{path}", json=body, timeout=10)

    def add_account(self, name: str = "anna", time_zone: str = "UTC", event_types=({},), **fields) -> dict:
        defaults = {"title": "Haircut", "slug": "haircut", "length_minutes": 60}
        rows = [{**defaults, "slug": f"type-{number}", **row} for number, row in enumerate(event_types)]
        account = {
            "api_key": f"cal_{name}",
            "username": name,
            "email": f"{name}@example.com",
            "name": name.title(),
            "time_zone": time_zone,
            "event_types": rows,
        }
        answer = self.control("accounts", {**account, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def book(self, event_type: int, start: str = NINE, version: str = "", **fields) -> requests.Response:
        attendee = {"name": "Bob Berg", "email": "bob@example.com", "timeZone": "Europe/Berlin"}
        attendee |= fields.pop("attendee", {})
        body = {"start": start, "eventTypeId": event_type, **fields}
        body["attendee"] = {name: value for name, value in attendee.items() if value is not None}
        return self.call("POST", "/v2/bookings", json=body, version=version)

    def booked(self, event_type: int, start: str = NINE, **fields) -> dict:
        answer = self.book(event_type, start, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def slots(self, event_type: int, start: str = MONDAY, end: str = MONDAY, **params) -> requests.Response:
        return self.call("GET", "/v2/slots", params={"eventTypeId": event_type, "start": start, "end": end, **params})

    def free(self, event_type: int, **params) -> list[str]:
        """Starts of all free slots, in order."""
        days = self.slots(event_type, **params).json()["data"]
        return [slot["start"] for day in days.values() for slot in day]

    def listed(self, **params) -> list[str]:
        answer = self.call("GET", "/v2/bookings", params=params)
        assert answer.status_code == 200, answer.text
        return [row["uid"] for row in answer.json()["data"]]


def message(answer: requests.Response) -> str:
    """The text of an error in either envelope."""
    body = answer.json()
    return body["error"]["message"] if "error" in body else body["message"]


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    with RunningSandbox(CalcomSandbox()) as sandbox:
        yield sandbox.base_url


@pytest.fixture
def client(base_url) -> Client:
    """A client of an empty sandbox."""
    client = Client(base_url)
    client.control("reset")
    return client


@pytest.fixture
def haircut(client) -> int:
    """A plain event type of an hour, Monday to Friday from nine to five UTC."""
    return client.add_account()["event_types"][0]["id"]


@dataclass
class Receiver:
    """Where webhooks go; `on_event` is called before the answer."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    on_event: object = None

    def events(self) -> list[dict]:
        return [json.loads(body) for body in self.bodies]

    def triggers(self) -> list[str]:
        return [event["triggerEvent"] for event in self.events()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.bodies.append(body)
            received.headers.append(dict(self.headers))
            if received.on_event:
                received.on_event(json.loads(body))
            self.send_response(200)
            self.end_headers()
            received.arrived.release()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()
