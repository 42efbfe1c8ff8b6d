"""The switchboard."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class McpGatewayConfig(AppConfig):
    name = "mcp_gateway"
    verbose_name = _("Gateway")

    def ready(self) -> None:
        """Find what every app has for the gateway, each in the module of its name."""
        autodiscover_modules(
            "mcp_servers",
            "webhook_events",
            "notifications",
            "long_actions",
            "reports",
            "metrics",
            "staff_pages",
            "phrases",
        )
