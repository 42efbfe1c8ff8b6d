"""Retell's MCP servers: the company's account there, the voice agent's functions, and its webhook events."""

from retell.mcp_servers.configuration import RetellConfigurationMCPServer
from retell.mcp_servers.custom_functions import RetellCustomFunctionMCPServer
from retell.mcp_servers.webhook import WebhookMCPServer

__all__ = ["RetellConfigurationMCPServer", "RetellCustomFunctionMCPServer", "WebhookMCPServer"]
