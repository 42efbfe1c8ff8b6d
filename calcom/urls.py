"""`/api/mcp/calcom/`: what Cal.com calls."""

from django.urls import path

from calcom import views

urlpatterns = [
    path("webhook/<int:company_id>", views.webhook, name="calcom-webhook"),
]
