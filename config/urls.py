"""Every URL of the system."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from mcp_gateway.mcp.views import endpoint
from mcp_gateway.preferences import choose_language
from mcp_gateway.views import metrics_page

urlpatterns = [
    path("admin/", admin.site.urls),
    path("language/", choose_language, name="set_language"),
    path("api/mcp/", include("mcp_gateway.urls")),
    path("api/metrics", metrics_page, name="metrics"),
    path("api/mcp/retell/", include("retell.urls")),
    path("api/mcp/calcom/", include("calcom.urls")),
    # With or without a slash at the end: a redirect would lose the body.
    re_path(r"^mcp/?$", endpoint, name="mcp"),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]

handler400 = "config.problems.malformed"
handler403 = "config.problems.forbidden"
handler404 = "config.problems.not_found"
handler500 = "config.problems.broken"
