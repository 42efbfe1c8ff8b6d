"""A server and a vendor that exist in tests only, and the people who use the gateway."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from appointments.models import Company
from mcp_gateway import inbox
from mcp_gateway.errors import Conflict
from mcp_gateway.models import WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, Context, Health, MCPServer, registry, rpc
from mcp_gateway.tokens import create_token

GATEWAY = "/api/mcp/gateway"
VENDOR = "testing"


class TestingMCPServer(MCPServer):
    """Methods that show what the gateway does around them."""

    name = "testing"
    __test__ = False

    def __init__(self) -> None:
        self.noted: list[Any] = []
        self.verdict: Health | Exception = Health()

    def health(self) -> Health:
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    @rpc("subtract", Access.READ, needs_company=False)
    def subtract(self, context: Context, minuend: int, subtrahend: int = 0) -> int:
        """The difference of two numbers."""
        return minuend - subtrahend

    @rpc("note", Access.WRITE, needs_company=False)
    def note(self, context: Context, value: Any = None) -> Any:
        """Keep a value and give it back."""
        self.noted.append(value)
        return value

    @rpc("lenient", Access.READ, needs_company=False, ignores_unknown=True)
    def lenient(self, context: Context, word: str = "") -> str:
        """Give a word back, whatever else was said."""
        return word

    @rpc("whose", Access.READ)
    def whose(self, context: Context) -> int:
        """The company of the call."""
        company_id: int = context.company.pk
        return company_id

    @rpc("correlate", Access.READ, needs_company=False)
    def correlate(self, context: Context) -> str:
        """The correlation id of the call."""
        return context.correlation_id

    @rpc("refuse", Access.READ, needs_company=False)
    def refuse(self, context: Context) -> None:
        """Refuse, as an application does."""
        raise Conflict("Taken already", kind="taken", alternative=7)

    @rpc("break", Access.READ, needs_company=False)
    def break_down(self, context: Context, secret: str) -> None:
        """Break with a text that nobody may see."""
        raise RuntimeError(secret)

    @rpc("infinity", Access.READ, needs_company=False)
    def infinity(self, context: Context) -> list[float]:
        """A number that JSON does not have."""
        return [float("inf")]

    @rpc("object", Access.READ, needs_company=False)
    def an_object(self, context: Context) -> Any:
        """Something that can't be written as JSON."""
        return object()


@pytest.fixture
def server() -> Iterator[TestingMCPServer]:
    """The testing server, registered for the length of a test."""
    added = TestingMCPServer()
    registry.add(added)
    yield added
    del registry.servers[added.name]
    for name in [name for name, method in registry.methods.items() if method.server is added]:
        del registry.methods[name]


Handle = Callable[[inbox.EventHandler], inbox.EventHandler]


@pytest.fixture
def handle() -> Iterator[Handle]:
    """Decorator: the function handles the testing vendor's events for the length of a test."""
    yield inbox.handles(VENDOR)
    inbox._handlers.pop(VENDOR, None)


@pytest.fixture
def receive(company: Company) -> Callable[..., WebhookEvent]:
    """Put an event of the testing vendor into the inbox."""

    def receive(dedupe_key: str = "1", **fields: Any) -> WebhookEvent:
        defaults = {"event": "ping", "payload": {"n": 1}, "headers": {}, "company_id": company.pk}
        return inbox.receive(provider=VENDOR, dedupe_key=dedupe_key, **{**defaults, **fields})

    return receive


@pytest.fixture
def everybody() -> Principal:
    """A caller of our own who may see every company."""
    return Principal.of_task("tests")


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root", password="root")


@pytest.fixture
def member(company: Company) -> User:
    """Staff of `company` with every permission there is."""
    user = User.objects.create_user("member", password="member", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    company.staff.add(user)
    return user


@pytest.fixture
def bearer(company: Company) -> dict[str, str]:
    """The header of a token of `company` for everything."""
    _, text = create_token(name="tests", company=company, scopes=["*"])
    return {"Authorization": f"Bearer {text}"}


class Wire:
    """The JSON-RPC endpoint, called with a token."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    def send(self, body: str | bytes, **options: Any) -> Any:
        options = {"content_type": "application/json", "headers": self.headers, **options}
        return self.client.post(GATEWAY, body, **options)

    def answer(self, request: Any) -> Any:
        """The parsed answer; None for 204 without a body."""
        response = self.send(request if isinstance(request, str | bytes) else json.dumps(request))
        if response.status_code == 204:
            assert response.content == b""
            return None
        assert response.status_code == 200
        assert response["Content-Type"] == "application/json"
        return json.loads(response.content, parse_constant=pytest.fail)

    def call(self, method: str, params: Any = None, request_id: Any = 1) -> Any:
        request = {"jsonrpc": "2.0", "method": method, "id": request_id}
        return self.answer(request if params is None else {**request, "params": params})


@pytest.fixture
def wire(server: TestingMCPServer, client: Client, bearer: dict[str, str]) -> Wire:
    return Wire(client, bearer)
