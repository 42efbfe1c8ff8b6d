"""Every URL of the system, and `bare`: the same function behind nothing but JSON."""

import json

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from appointments.mcp_servers import AppointmentManagementMCPServer
from appointments.models import Company
from config.urls import urlpatterns as urls
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context

server = AppointmentManagementMCPServer()


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    params = json.loads(request.body)
    company = Company.objects.get(pk=params["company_id"])
    context = Context(principal=Principal.of_task("bare", company.pk), company=company)
    return JsonResponse(server.find_appointments(context, params["phone"]).model_dump(mode="json"))


urlpatterns = [*urls, path("bare", bare)]
