"""The circuit breakers as staff see them: one for each server, or for each company's account, and resetting one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from mcp_gateway import breakers
from mcp_gateway.audit import record_by
from mcp_gateway.breakers import BreakerState
from mcp_gateway.companies import company_model
from mcp_gateway.errors import NotFound
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry

CLOSED = "closed"


@dataclass(frozen=True)
class Breaker:
    """`company` is None where the breaker is that of a whole server."""

    server: str
    company: Any
    state: BreakerState

    @property
    def can_be_reset(self) -> bool:
        return self.state.state != CLOSED or self.state.failures > 0


def overview(companies: Collection[int] | None) -> list[Breaker]:
    """Every breaker of the servers, and of these companies (None: of all); those that are not closed come first.

    Raises StorageAway while Redis is.
    """
    known = {state.name: state for state in breakers.local_states() + breakers.shared_states()}
    rows = company_model()._default_manager.filter(is_active=True).order_by("name")
    visible = list(rows if companies is None else rows.filter(pk__in=companies))
    found = [
        Breaker(server.name, company, known.get(name, BreakerState(name, CLOSED, 0, None, 0)))
        for server in sorted(registry.servers.values(), key=lambda server: server.name)
        for company in ([None, *visible] if server.reaches_vendor else [None])
        for name in [f"{server.name}:{company.pk}" if company else server.name]
        if company or not server.reaches_vendor or name in known
    ]
    return sorted(found, key=lambda breaker: not breaker.can_be_reset)


def reset(name: str, companies: Collection[int] | None, *, by: Principal) -> Breaker:
    """Close a breaker that the caller may see, and forget its failures; returns it as it was before.

    What is closed and has no failures stays as it is. Raises NotFound, and StorageAway while Redis is.
    """
    breaker = next((found for found in overview(companies) if found.state.name == name), None)
    if breaker is None:
        raise NotFound(gettext_noop("No such breaker"))
    if breaker.can_be_reset:
        breakers.reset(name)
        record_by(
            by,
            action="breaker.reset",
            object_type="Breaker",
            object_id=name,
            company_id=breaker.company and breaker.company.pk,
            before={"state": breaker.state.state, "failures": breaker.state.failures},
            after={"state": CLOSED},
        )
    return breaker
