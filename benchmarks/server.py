"""A method that does nothing: what is left is the gateway itself."""

from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc

NOTHING = "bench.nothing"


@register
class BenchMCPServer(MCPServer):
    name = "bench"

    def health(self) -> Health:
        return Health()

    @rpc("nothing", Access.READ)
    def nothing(self, context: Context, phone: str) -> dict[str, str]:
        """Give the argument back."""
        return {"phone": phone}
