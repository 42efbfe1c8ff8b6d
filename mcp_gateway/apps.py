"""The switchboard."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class McpGatewayConfig(AppConfig):
    name = "mcp_gateway"
    verbose_name = _("Gateway")

    def ready(self) -> None:
        """Find every app's MCP servers, handlers of events, senders of messages, reports, staff pages and phrases."""
        autodiscover_modules(
            "mcp_servers", "webhook_events", "notifications", "reports", "metrics", "staff_pages", "phrases"
        )
