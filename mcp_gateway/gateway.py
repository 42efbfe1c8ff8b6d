"""The way of a call through the gateway, the same for the wires, the admin, views and tasks.

    method -> scope -> company -> parameters -> rate limit -> idempotency key -> breaker -> the method -> result

Around it: the correlation id, one log line, the metrics. A repeated call with an idempotency key gets its stored
answer past an open breaker, and uses up the rate limit as any other.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext_noop

from mcp_gateway import breakers, correlation, idempotency, metrics, noting, outgoing, rate_limits
from mcp_gateway.companies import active_company
from mcp_gateway.errors import Forbidden, GatewayError, InternalError, InvalidParams, NotFound
from mcp_gateway.invocation import Invocation
from mcp_gateway.logs import log_failure
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, Method, registry

logger = logging.getLogger(__name__)
external_logger = logging.getLogger("mcp-external")

Params = Mapping[str, Any] | Sequence[Any] | None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a permitted call ended; `error` None means that `result` is its answer."""

    company: Any
    result: Any = None
    error: GatewayError | None = None
    duration_ms: int


Listener = Callable[[Ended], None]
_listeners: dict[str, Listener] = {}


def hears_of(*methods: str) -> Callable[[Listener], Listener]:
    """Have a function told how each call of these methods ends, whoever called; at most one for each method."""

    def register(listener: Listener) -> Listener:
        _listeners.update(dict.fromkeys(methods, listener))
        return listener

    return register


def call(
    name: str,
    params: Params = None,
    *,
    principal: Principal,
    idempotency_key: str = "",
    deadline: float = math.inf,
) -> Any:
    """Call a method by its name on the wire; the result is made of JSON's types.

    `deadline` (on the clock of time.monotonic) may shorten the method's own. Raises GatewayError (see
    `mcp_gateway.errors`) and nothing else.
    """
    line = {"server": "unknown", "method": "unknown", "company": None}
    with _logged(line), _no_surprises():
        method = registry.find(name)
        line |= {"server": method.server.name, "method": method.declaration.name}
        if not method.is_open_to(principal):
            raise Forbidden
        arguments = method.named(params)
        company = _company_of(method, arguments, principal)
        line["company"] = company and company.pk
        context = Context(
            principal=principal,
            company=company,
            correlation_id=correlation.current(),
            deadline=min(deadline, time.monotonic() + method.declaration.deadline_seconds),
        )
        context.seconds_left()
        invocation = Invocation(
            method=method,
            context=context,
            arguments=method.validated(arguments),
            idempotency_key=idempotency_key,
        )
        rate_limits.check(invocation)
        return noting.noted(
            invocation, partial(_heard, invocation, partial(idempotency.once, invocation, partial(_run, invocation)))
        )


def _heard(invocation: Invocation, run: Callable[[], Any]) -> Any:
    listener = _listeners.get(invocation.method.name)
    if listener is None:
        return run()
    tell = partial(_tell, listener, invocation, time.perf_counter())
    try:
        result = run()
    except Exception as error:
        tell(error=error if isinstance(error, GatewayError) else InternalError())
        raise
    tell(result=result)
    return result


def _tell(listener: Listener, invocation: Invocation, started: float, **end: Any) -> None:
    """A listener that breaks does not break the call."""
    duration_ms = round((time.perf_counter() - started) * 1000)
    try:
        listener(Ended(company=invocation.context.company, duration_ms=duration_ms, **end))
    except Exception as error:
        log_failure(logger, f"Who hears of {invocation.method.name} failed", error)


def _run(invocation: Invocation) -> Any:
    with outgoing.kept(invocation), breakers.guarded(invocation):
        return invocation.run()


def _company_of(method: Method, arguments: Mapping[str, Any], principal: Principal) -> Any:
    """The company from the principal, or the one it names; unknown and forbidden sound the same."""
    if not method.declaration.needs_company:
        return None
    wanted = arguments.get("company_id")
    if wanted is None and principal.companies is not None and len(principal.companies) == 1:
        (wanted,) = principal.companies
    if wanted is None:
        raise InvalidParams(gettext_noop("company_id is needed: this caller may see several companies"))
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise InvalidParams(gettext_noop("company_id must be an integer"))
    company = _visible_company(wanted, principal)
    if company is None:
        raise NotFound(gettext_noop("No such company"))
    return company


def _visible_company(company_id: int, principal: Principal) -> Any:
    if principal.home is not None and principal.home.pk == company_id:
        return principal.home if principal.home.is_active else None
    return active_company(company_id) if principal.may_see(company_id) else None


@contextmanager
def _no_surprises() -> Iterator[None]:
    """Whatever breaks inside becomes an InternalError without its text."""
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        log_failure(logger, "A method failed", error)
        raise InternalError from error


@contextmanager
def _logged(line: dict[str, Any]) -> Iterator[None]:
    """One line and one count for each call: which method, whose, how long, how it ended. Never a name or number."""
    started = time.perf_counter()
    line |= {"correlation_id": correlation.current(), "status": "ok"}
    error_kind = ""
    try:
        yield
    except GatewayError as error:
        line["status"] = error_kind = error.kind
        raise
    finally:
        seconds = time.perf_counter() - started
        line["duration_ms"] = round(seconds * 1000, 1)
        external_logger.info("MCP call", extra=line)
        metrics.observe(line["server"], line["method"], error_kind, seconds)
