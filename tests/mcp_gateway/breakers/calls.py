"""A server of a vendor and a local one, whose methods do what a test says, behind their breakers."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

from mcp_gateway import breakers
from mcp_gateway.breaker_storage import redis_link
from mcp_gateway.errors import DeadlineExceeded, ServiceUnavailable
from mcp_gateway.invocation import Invocation
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, Context, MCPServer, Registry, rpc

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B = 12, 13

Method = Callable[[], Any]


class _Server(MCPServer):
    @rpc("run", Access.READ)
    def run(self, context: Context, method: Any = None) -> Any:
        """Do what the test says."""
        return method and method()


class VendorServer(_Server):
    name = "vendor"
    reaches_vendor = True


class LocalServer(_Server):
    name = "local"


registry = Registry()
registry.add(VendorServer())
registry.add(LocalServer())


def call(method: Method | None = None, *, server: str = "vendor", company: int = A, seconds: float = 10) -> Any:
    """Run `method` behind the breaker of a server, with so long until its deadline."""
    context = Context(
        principal=Principal.of_task("tests"),
        company=SimpleNamespace(pk=company),
        deadline=time.monotonic() + seconds,
    )
    found = registry.find(f"{server}.run")
    invocation = Invocation(method=found, context=context, arguments={"method": method})
    with breakers.guarded(invocation):
        return invocation.run()


def raising(error: BaseException) -> None:
    raise error


def fail(error: BaseException | None = None, times: int = 1, **options: Any) -> None:
    """Calls that end with an error; one that is refused raises."""
    raised = error or DeadlineExceeded()
    for _ in range(times):
        with suppress(type(raised)):
            call(partial(raising, raised), **options)


def is_refused(**options: Any) -> bool:
    try:
        call(**options)
    except ServiceUnavailable:
        return True
    return False


def state(name: str = f"vendor:{A}") -> breakers.BreakerState:
    return next(state for state in breakers.all_states() if state.name == name)


def as_new_process() -> None:
    """Forget every breaker's state in this process, and what it knows of Redis."""
    breakers._circuits.clear()
    redis_link.cache_clear()
