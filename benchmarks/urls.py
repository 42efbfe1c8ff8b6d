"""Every URL of the system, and bare views: the same functions behind nothing but JSON, and a body just stored."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from appointments.models import Company
from benchmarks.models import Stored
from benchmarks.plain_admin import SITE
from benchmarks.server import NOTHING
from config.urls import handler403, handler404, handler500
from config.urls import urlpatterns as urls
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, registry

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]


@csrf_exempt
def bare(request: HttpRequest, method: str) -> JsonResponse:
    params = json.loads(request.body)
    found = registry.methods[method]
    # What does nothing needs no row either: its bare view is as bare as can be.
    company = None if method == NOTHING else Company.objects.get(pk=params["company_id"])
    context = Context(principal=Principal.of_task("bare"), company=company)
    result = found.function(context, **{name: value for name, value in params.items() if name != "company_id"})
    return JsonResponse(found.result.dump_python(result, mode="json"), safe=False)


@csrf_exempt
def bare_insert(request: HttpRequest) -> HttpResponse:
    Stored(payload=json.loads(request.body)).save()
    return HttpResponse(status=204)


urlpatterns = [
    *urls,
    path("bare/insert", bare_insert),
    path("bare/<str:method>", bare),
    path("plain/", SITE.urls),
]
