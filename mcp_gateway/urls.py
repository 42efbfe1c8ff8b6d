"""`/api/mcp/`: the wires and the health checks."""

from django.urls import path

from mcp_gateway import views

urlpatterns = [
    path("gateway", views.gateway, name="mcp-gateway"),
    path("openrpc.json", views.openrpc_document, name="mcp-openrpc"),
    path("metrics", views.metrics_page, name="mcp-metrics"),
    path("health", views.health_of_servers, name="mcp-health"),
    path("health/live", views.live, name="mcp-live"),
    path("health/ready", views.ready, name="mcp-ready"),
]
