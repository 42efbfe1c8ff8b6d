"""Every URL of the system."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/mcp/", include("mcp_gateway.urls")),
    path("api/mcp/retell/", include("retell.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
