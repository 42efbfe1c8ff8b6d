"""Actions of lists say beforehand how many rows they will touch: a page between choosing and doing.

They work within one request, so they refuse more rows than that has time for.
"""

from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ModelAdmin, actions
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from mcp_gateway.staff_pages import render

CONFIRMED = "confirmed"
ONCE = "once"
SHOWN = 50
# So many rows at once, and keys in a form.
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
) -> HttpResponse | None:
    """How many of the chosen rows it fits; confirming posts the same action with the same rows to the list.

    None once that is confirmed: the action may do it. Too many are refused, confirmed or not.
    """
    if refusal := too_many(request, chosen):
        return refusal
    if is_confirmed(request):
        return None
    keys = list(chosen.order_by().values_list("pk", flat=True))
    fits = fitting.order_by().count()
    context = {
        "title": title,
        "fits": fits,
        "skipped": len(keys) - fits,
        "rows": list(fitting[:SHOWN]),
        "is_more": fits > SHOWN,
        "action": request.POST["action"],
        "field": ACTION_CHECKBOX_NAME,
        "keys": keys,
        "confirmed": CONFIRMED,
        "opts": model_admin.opts,
        "list_url": request.get_full_path(),
    }
    return render(request, "staff/confirm_action.html", context)


def too_many(request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """Back to the list, which says so; None where they are not too many."""
    if chosen.order_by()[: MOST_KEYS + 1].count() <= MOST_KEYS:
        return None
    told = _(
        "More than %(most)s rows are chosen: nothing was done. Narrow the list by its filters, and do it in pieces."
    )
    messages.error(request, told % {"most": MOST_KEYS})
    return HttpResponseRedirect(request.get_full_path())


@wraps(actions.delete_selected)
def delete_selected(model_admin: ModelAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> Any:
    """Django's own, which asks by itself."""
    return too_many(request, chosen) or actions.delete_selected(model_admin, request, chosen)
