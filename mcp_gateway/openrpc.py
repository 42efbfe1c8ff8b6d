"""`rpc.discover`: an OpenRPC 1.4 document drawn from the registry, with the methods that the caller may use."""

from typing import Any

from django.conf import settings

from mcp_gateway import errors
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Method, registry

METHOD = "rpc.discover"
OPENRPC_VERSION = "1.4.1"
API_VERSION = "1.0.0"
REFERENCES = "#/components/schemas/{model}"
# What any method may answer with, besides the specification's own errors.
ERRORS: tuple[type[errors.GatewayError], ...] = (
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.RateLimited,
    errors.UpstreamError,
    errors.DeadlineExceeded,
)


def document(principal: Principal) -> dict[str, Any]:
    """The OpenRPC document for one caller: what it may not call is not in it."""
    permitted = [method for _, method in sorted(registry.methods.items()) if method.is_open_to(principal)]
    schemas: dict[str, Any] = {}
    return {
        "openrpc": OPENRPC_VERSION,
        "info": {"title": "Phone and calendar gateway", "version": API_VERSION},
        "servers": [{"name": "gateway", "url": f"{settings.APP_URL}/api/mcp/gateway"}],
        "methods": [_described(method, schemas) for method in permitted],
        "components": {
            "schemas": schemas,
            "errors": {error.kind: {"code": error.code, "message": error.message} for error in ERRORS},
        },
    }


def _described(method: Method, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = _collected(method.parameters.model_json_schema(ref_template=REFERENCES), schemas)
    required = set(parameters.get("required", ()))
    result = _collected(method.result.json_schema(mode="serialization", ref_template=REFERENCES), schemas)
    properties = parameters.get("properties", {})
    return {
        "name": method.name,
        "summary": method.description,
        "tags": [{"name": method.server.name}, {"name": method.declaration.access.value}],
        "paramStructure": "either",
        "params": [
            {"name": name, "schema": properties[name], "required": name in required} for name in method.parameter_names
        ],
        "result": {"name": "result", "schema": result},
        "errors": [{"$ref": f"#/components/errors/{error.kind}"} for error in ERRORS],
    }


def _collected(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions moved to the document's components; raises ValueError on doubled names."""
    for name, definition in schema.pop("$defs", {}).items():
        if schemas.setdefault(name, definition) != definition:
            raise ValueError(f"Two result models are called {name}")
    return schema
