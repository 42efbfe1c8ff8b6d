"""One call on its way through the gateway, as the guards around the method see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, Method


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A permitted call with validated arguments. `company` is None where the method needs none.

    `idempotency_key`: given by a client that may repeat the call; "" without one.
    """

    method: Method
    context: Context
    arguments: Mapping[str, Any]
    idempotency_key: str = ""

    @property
    def principal(self) -> Principal:
        return self.context.principal

    @property
    def company(self) -> Any:
        return self.context.company

    @property
    def company_id(self) -> int | None:
        return None if self.company is None else int(self.company.pk)

    def run(self) -> Any:
        """Call the method; the result is made of JSON's types."""
        result = self.method.function(self.context, **self.arguments)
        return self.method.result.dump_python(result, mode="json")
