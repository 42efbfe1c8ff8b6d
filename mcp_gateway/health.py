"""Health of every server, of this process, and of what it can't do without."""

import logging
from typing import Any

from django.db import connection

from mcp_gateway.logs import log_failure
from mcp_gateway.registry import Health, MCPServer, registry

logger = logging.getLogger(__name__)
WORST_FIRST = ("down", "degraded", "ok")


def overall() -> dict[str, Any]:
    """Every server's own verdict and the worst of them: `{status, servers: {name: {status, reason}}}`."""
    servers = {name: _verdict(server).model_dump() for name, server in sorted(registry.servers.items())}
    found = {verdict["status"] for verdict in servers.values()}
    return {"status": next((word for word in WORST_FIRST if word in found), "ok"), "servers": servers}


def ready() -> bool:
    """Whether the database answers; vendors and broker don't count."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        log_failure(logger, "The database does not answer", error)
        return False
    return True


def _verdict(server: MCPServer) -> Health:
    try:
        return server.health()
    except Exception as error:
        log_failure(logger, f"Health check of {server.name} failed", error)
        return Health(status="down", reason=f"the check itself failed: {type(error).__name__}")
