"""Pages about the operation of the system, for the staff's place; `mcp_gateway.admin` has them registered."""
