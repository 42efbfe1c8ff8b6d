"""Actions of lists say beforehand how many rows they will touch: a page between choosing and doing."""

from typing import Any
from uuid import UUID

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from mcp_gateway.staff_pages import render

CONFIRMED = "confirmed"
ONCE = "once"
SHOWN = 50
# So many keys go into a form; of more, all that the filter shows is meant, as it is when it is confirmed.
MOST_KEYS = 500


def is_confirmed(request: HttpRequest) -> bool:
    return CONFIRMED in request.POST


def once(request: HttpRequest) -> UUID | None:
    """What a form carries so that, posted twice, it acts once; None where that is none."""
    try:
        return UUID(request.POST.get(ONCE, ""))
    except ValueError:
        return None


def question(
    request: HttpRequest, model_admin: ModelAdmin, title: str, chosen: QuerySet[Any], fitting: QuerySet[Any]
) -> HttpResponse:
    """How many of the chosen rows it fits; confirming posts the same action with the same rows to the list."""
    keys = list(chosen.order_by().values_list("pk", flat=True)[: MOST_KEYS + 1])
    is_all = len(keys) > MOST_KEYS
    number, fits = chosen.order_by().count(), fitting.order_by().count()
    context = {
        "title": title,
        "fits": fits,
        "skipped": number - fits,
        "rows": list(fitting[:SHOWN]),
        "is_more": fits > SHOWN,
        "action": request.POST["action"],
        "field": ACTION_CHECKBOX_NAME,
        "keys": keys[:1] if is_all else keys,
        "is_all": is_all,
        "confirmed": CONFIRMED,
        "opts": model_admin.opts,
        "list_url": request.get_full_path(),
    }
    return render(request, "staff/confirm_action.html", context)
