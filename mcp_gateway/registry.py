"""Every method of every MCP server, described once: JSON-RPC, validation and docs are drawn from here.

A server is a class in its app's `mcp_servers.py`:

    @register
    class CalcomMCPServer(MCPServer):
        name = "calcom"

        @rpc("getEventTypes", Access.READ)
        def get_event_types(self, context: Context) -> list[EventType]:
            '''The bookable event types of the company's Cal.com account.'''

The signature is the contract: pydantic makes parameters, JSON Schema and validation from it.
"""

import inspect
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from mcp_gateway.errors import DeadlineExceeded, InvalidParams, MethodNotFound
from mcp_gateway.principal import Principal

# `server_method` must suit every MCP client: see the limit on tool names.
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NOT_PARAMETERS = {"self", "context", "return"}


class Access(StrEnum):
    READ = "read"
    WRITE = "write"


class Health(BaseModel):
    """A server's own verdict; `reason` is for people and names no secret."""

    status: Literal["ok", "degraded", "down"] = "ok"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a method knows of its call besides its parameters."""

    principal: Principal
    company: Any = None
    correlation_id: str = ""
    # On the clock of time.monotonic().
    deadline: float = math.inf

    def seconds_left(self) -> float:
        """How long the method may still take; raises DeadlineExceeded when that is nothing."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded
        return left


class MCPServer:
    """Base of the service modules behind the gateway."""

    name: ClassVar[str]
    # Its methods go to the company's own account at a vendor: each company has a breaker of its own then.
    reaches_vendor: ClassVar[bool] = False
    # Its methods work only within a phone call that a vendor has signed: no use to the bearer of a token.
    needs_signed_call: ClassVar[bool] = False
    # What a member of staff needs to call its methods; "" to read: nothing, "" to write: to be a superuser.
    read_permission: ClassVar[str] = ""
    write_permission: ClassVar[str] = ""

    def health(self) -> Health:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What `@rpc` says of a method beyond its signature."""

    name: str
    access: Access
    needs_company: bool
    ignores_unknown: bool
    is_destructive: bool
    is_idempotent: bool
    cost: int
    deadline_seconds: float
    tells_personal_data: bool
    is_noted: bool


Function = TypeVar("Function", bound=Callable[..., Any])


def rpc(
    name: str,
    access: Access,
    *,
    needs_company: bool = True,
    ignores_unknown: bool = False,
    is_destructive: bool = False,
    is_idempotent: bool = False,
    cost: int = 1,
    deadline_seconds: float = 10.0,
    tells_personal_data: bool = False,
    is_noted: bool = False,
) -> Callable[[Function], Function]:
    """Publish a server's method under its name on the wire.

    `needs_company`: the call is scoped to one company, which `context.company` then holds.
    `ignores_unknown`: unknown parameters are dropped instead of refused (a voice model invents some).
    `is_destructive`, `is_idempotent`: hints for MCP clients; reads are idempotent anyway.
    `cost`: how much of the rate limit one call uses up.
    `deadline_seconds`: how long the method may take; what it asks of vendors must fit into it.
    `is_noted`: the gateway notes each call in the audit trail, because the method itself does not.
    `tells_personal_data`: that staff or a program has read it is noted in the audit trail.
    """

    def mark(function: Function) -> Function:
        function.declaration = Declaration(  # type: ignore[attr-defined]
            name=name,
            access=access,
            needs_company=needs_company,
            ignores_unknown=ignores_unknown,
            is_destructive=is_destructive,
            is_idempotent=is_idempotent or access is Access.READ,
            cost=cost,
            deadline_seconds=deadline_seconds,
            tells_personal_data=tells_personal_data,
            is_noted=is_noted,
        )
        return function

    return mark


@dataclass(frozen=True)
class Method:
    """One published method, bound to its server."""

    server: MCPServer
    declaration: Declaration
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        return f"{self.server.name}.{self.declaration.name}"

    @property
    def tool_name(self) -> str:
        """The method's name for MCP clients, many of which refuse a dot."""
        return self.name.replace(".", "_")

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "").split("\n\n")[0]

    def is_open_to(self, principal: Principal) -> bool:
        """A token by its scopes, a member of staff by permissions; unknown companies are another matter."""
        if not principal.may_call(self.name):
            return False
        if self.declaration.access is Access.READ:
            return not self.server.read_permission or principal.has(self.server.read_permission)
        return principal.has(self.server.write_permission)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Parameters in the order in which positional arguments fill them."""
        return tuple(self.parameters.model_fields)

    @cached_property
    def parameters(self) -> type[BaseModel]:
        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            if name not in NOT_PARAMETERS:
                default = ... if parameter.default is inspect.Parameter.empty else parameter.default
                fields[name] = (hints[name], default)
        if self.declaration.needs_company:
            fields["company_id"] = (int | None, None)
        extra: Literal["ignore", "forbid"] = "ignore" if self.declaration.ignores_unknown else "forbid"
        return create_model(f"{self.server.name}_{self.declaration.name}", __config__=ConfigDict(extra=extra), **fields)

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        return TypeAdapter(get_type_hints(self.function, include_extras=True)["return"])

    def named(self, params: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Any]:
        """Arguments by name, whether they came by name or by position; raises InvalidParams."""
        if params is None:
            return {}
        if isinstance(params, Mapping):
            return dict(params)
        if len(params) > len(self.parameter_names):
            raise InvalidParams(f"At most {len(self.parameter_names)} positional parameters")
        return dict(zip(self.parameter_names, params, strict=False))

    def validated(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as the method's types have them; raises InvalidParams that names each wrong parameter."""
        try:
            model = self.parameters.model_validate(arguments)
        except ValidationError as error:
            raise InvalidParams(errors=_readable(error)) from None
        return {name: getattr(model, name) for name in self.parameter_names if name != "company_id"}


@dataclass
class Registry:
    servers: dict[str, MCPServer] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)

    def add(self, server: MCPServer) -> None:
        """Register a server with its methods; raises ValueError on a doubled or unusable name."""
        if server.name in self.servers:
            raise ValueError(f"Two MCP servers are called {server.name}")
        self.servers[server.name] = server
        for method in _published(server):
            if method.name in self.methods:
                raise ValueError(f"{method.name} is published twice")
            if not TOOL_NAME.fullmatch(method.tool_name):
                raise ValueError(f"{method.name} does not make a valid tool name")
            if method.tool_name in {known.tool_name for known in self.methods.values()}:
                raise ValueError(f"{method.name} and another method make the same tool name")
            if not method.description:
                raise ValueError(f"{method.name} has no description")
            self.methods[method.name] = method

    def find(self, name: str) -> Method:
        try:
            return self.methods[name]
        except KeyError:
            raise MethodNotFound from None


registry = Registry()
Server = TypeVar("Server", bound=type[MCPServer])


def register(server_class: Server) -> Server:
    """Class decorator: make one instance and publish its methods."""
    registry.add(server_class())
    return server_class


def _published(server: MCPServer) -> list[Method]:
    functions = (getattr(server, attribute) for attribute in dir(server) if not attribute.startswith("_"))
    return [
        Method(server, function.declaration, function) for function in functions if hasattr(function, "declaration")
    ]


def _readable(error: ValidationError) -> list[dict[str, str]]:
    """Which parameter is wrong and why, without echoing the value."""
    return [
        {"parameter": ".".join(str(part) for part in detail["loc"]), "problem": detail["msg"]}
        for detail in error.errors(include_input=False, include_url=False, include_context=False)
    ]
