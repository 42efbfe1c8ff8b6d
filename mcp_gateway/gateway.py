"""The way of a call through the gateway, the same for the wires, the admin, views and tasks.

    method -> scope -> company -> parameters -> the method -> result

Around it: the correlation id and one log line. A guard that may refuse or observe a call (rate limit, breaker,
metrics) is one more `with` in `call`, between parameters and method.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mcp_gateway import correlation
from mcp_gateway.companies import active_company
from mcp_gateway.errors import Forbidden, GatewayError, InternalError, InvalidParams, NotFound
from mcp_gateway.logs import log_failure
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, Method, registry

logger = logging.getLogger(__name__)
external_logger = logging.getLogger("mcp-external")

Params = Mapping[str, Any] | Sequence[Any] | None


def call(name: str, params: Params = None, *, principal: Principal) -> Any:
    """Call a method by its name on the wire; the result is made of JSON's types.

    Raises GatewayError (see `mcp_gateway.errors`) and nothing else.
    """
    line = {"server": "unknown", "method": "unknown", "company": None}
    with _logged(line), _no_surprises():
        method = registry.find(name)
        line |= {"server": method.server.name, "method": method.declaration.name}
        if not principal.may_call(name):
            raise Forbidden
        arguments = method.named(params)
        company = _company_of(method, arguments, principal)
        line["company"] = company and company.pk
        context = Context(principal=principal, company=company, correlation_id=correlation.current())
        result = method.function(context, **method.validated(arguments))
        return method.result.dump_python(result, mode="json")


def _company_of(method: Method, arguments: Mapping[str, Any], principal: Principal) -> Any:
    """The company from the principal, or the one it names; unknown and forbidden sound the same."""
    if not method.declaration.needs_company:
        return None
    wanted = arguments.get("company_id")
    if wanted is None and principal.companies is not None and len(principal.companies) == 1:
        (wanted,) = principal.companies
    if wanted is None:
        raise InvalidParams("company_id is needed: this caller may see several companies")
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise InvalidParams("company_id must be an integer")
    company = active_company(wanted) if principal.may_see(wanted) else None
    if company is None:
        raise NotFound("No such company")
    return company


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
    """One line for each call: which method, whose, how long, how it ended. Never a name, number or key."""
    started = time.perf_counter()
    line |= {"correlation_id": correlation.current(), "status": "ok"}
    try:
        yield
    except GatewayError as error:
        line["status"] = error.kind
        raise
    finally:
        line["duration_ms"] = round((time.perf_counter() - started) * 1000, 1)
        external_logger.info("MCP call", extra=line)
