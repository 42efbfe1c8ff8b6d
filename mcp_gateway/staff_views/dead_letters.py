"""What failed or was given up, put together by error: one cause, one replay."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from mcp_gateway.badges import badge
from mcp_gateway.dead_letters import dead_letters
from mcp_gateway.models import WebhookEvent
from mcp_gateway.staff_admin.visibility import visible_rows
from mcp_gateway.staff_pages import Section, render, staff_page
from mcp_gateway.webhook_event_admin import LIST, LOOKS, MAY_REPLAY, REPLAY

TITLE = _("Dead letters")


@staff_page(
    "dead-letters/",
    name="dead_letters",
    title=TITLE,
    section=Section.OPERATION,
    permission="mcp_gateway.view_webhookevent",
)
def dead_letters_page(request: HttpRequest) -> HttpResponse:
    groups = dead_letters(visible_rows(WebhookEvent.objects.all(), "company", request))
    rows = [
        {
            "group": group,
            "badge": badge(LOOKS[WebhookEvent.State(group.state)], WebhookEvent.State(group.state).label),
            "list_url": f"{reverse(LIST)}?{urlencode(group.filter)}",
            "replay_url": f"{reverse(REPLAY)}?{urlencode(group.filter)}",
        }
        for group in groups
    ]
    context = {"title": TITLE, "rows": rows, "may_replay": request.user.has_perm(MAY_REPLAY)}
    return render(request, "staff/dead_letters.html", context)
