"""`/api/mcp/retell/`: what Retell calls. With a configuration's id the right key is known at once."""

from django.urls import path

from retell import views

urlpatterns = [
    path("custom-function", views.custom_function, name="retell-function"),
    path("custom-function/<int:configuration_id>", views.custom_function, name="retell-function-of"),
    path("webhook", views.webhook, name="retell-webhook"),
    path("webhook/<int:configuration_id>", views.webhook, name="retell-webhook-of"),
    path("inbound", views.call_inbound, name="retell-inbound"),
    path("inbound/<int:configuration_id>", views.call_inbound, name="retell-inbound-of"),
]
