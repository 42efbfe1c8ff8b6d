"""What staff and programs do through the gateway, where the method leaves no entry in the audit trail of its own.

Reading personal data is noted as looking at it (see `viewing`); a write is noted however it ended, for its outcome may
be unknown. Of the parameters only those are kept that name things: the others may be people's own words.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError

from mcp_gateway import viewing
from mcp_gateway.audit import ACTOR_KINDS, record_by
from mcp_gateway.errors import GatewayError
from mcp_gateway.invocation import Invocation
from mcp_gateway.logs import log_failure
from mcp_gateway.principal import Kind

logger = logging.getLogger(__name__)

CALLED = "gateway.called"
# Parameters and results that name a thing, or say how it is.
TELLING = ("uid", "id", "booking_key", "event_type_id", "event_id", "agent_id", "start", "status", "state", "outcome")
MAX_REASON = 500


def noted(invocation: Invocation, run: Callable[[], Any]) -> Any:
    """Run it; tasks and vendors are noted by what they do."""
    declaration, principal = invocation.method.declaration, invocation.context.principal
    if principal.kind not in (Kind.STAFF, Kind.TOKEN):
        return run()
    if not declaration.is_noted:
        result = run()
        if declaration.tells_personal_data:
            viewing.note_often(principal.name, actor_kind=ACTOR_KINDS[principal.kind], **_object(invocation))
        return result
    try:
        result = run()
    except GatewayError as error:
        _record(invocation, {"outcome": error.kind})
        raise
    _record(invocation, {"outcome": "done", **_telling(result)})
    return result


def _record(invocation: Invocation, after: dict[str, Any]) -> None:
    """What was done is done: that it could not be noted changes nothing for whoever called."""
    arguments = invocation.arguments
    try:
        record_by(
            invocation.context.principal,
            action=CALLED,
            before=_telling(arguments),
            after=after,
            reason=str(arguments.get("reason") or "")[:MAX_REASON],
            **_object(invocation),
        )
    except DatabaseError as error:
        log_failure(logger, f"A call of {invocation.method.name} could not be noted", error)


def _object(invocation: Invocation) -> dict[str, Any]:
    company = invocation.context.company
    return {"object_type": "Method", "object_id": invocation.method.name, "company_id": company and company.pk}


def _telling(values: Any) -> dict[str, Any]:
    found = values if isinstance(values, Mapping) else {}
    return {name: str(found[name]) for name in TELLING if found.get(name) is not None}
