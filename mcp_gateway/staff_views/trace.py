"""All that happened under one correlation id: the request, its webhook events, what they changed and what went out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import objects, outgoing, trail, viewing
from mcp_gateway.actors import STAFF
from mcp_gateway.badges import Look, badge
from mcp_gateway.models import AuditEntry, IdempotentAnswer, OutboxMessage, OutgoingCall, WebhookEvent
from mcp_gateway.outbox_admin import message_badge
from mcp_gateway.staff_admin.visibility import only_company, visible_rows
from mcp_gateway.staff_pages import Section, render, staff_page
from mcp_gateway.webhook_event_admin import state_badge as event_badge

# Of each kind; one request seldom does more.
MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Step:
    at: datetime
    kind: str
    what: SafeString | str
    badge: SafeString | str = ""
    details: str = ""


@staff_page(
    "trace/<str:correlation_id>/",
    name="trace",
    title=gettext_lazy("Trace"),
    section=Section.OPERATION,
    permission="mcp_gateway.view_webhookevent",
    is_in_menu=False,
)
def trace_page(request: HttpRequest, correlation_id: str) -> HttpResponse:
    """An id of another company's work sounds like one that nothing happened under."""
    steps = sorted(_steps(request, correlation_id), key=lambda step: step.at)
    if steps:
        viewing.note(
            f"{STAFF}{request.user.pk}",
            object_type="Trace",
            object_id=correlation_id,
            company_id=only_company(request),
        )
    context = {
        "title": _("Trace"),
        "correlation_id": correlation_id,
        "steps": steps,
        "may_see_trail": request.user.has_perm("mcp_gateway.view_auditentry"),
    }
    return render(request, "staff/trace.html", context)


def _steps(request: HttpRequest, correlation_id: str) -> Iterator[Step]:
    def found(rows: Any, permission: str) -> Any:
        if not request.user.has_perm(f"mcp_gateway.{permission}"):
            return []
        return visible_rows(rows.filter(correlation_id=correlation_id), "company", request)[:MOST_SHOWN]

    for event in found(WebhookEvent.objects.defer("payload", "headers"), "view_webhookevent"):
        yield from _of_event(request, event)
    # A call that somebody may repeat is a request of its own.
    for answer in found(IdempotentAnswer.objects.defer("answer"), "view_webhookevent"):
        yield Step(at=answer.created_at, kind=_("request"), what=f"{answer.method}: {answer.principal}")
    for call in found(OutgoingCall.objects.all(), "view_webhookevent"):
        look = Look.GOOD if call.outcome == outgoing.DONE else Look.BAD
        yield Step(
            at=call.at,
            kind=_("outgoing call"),
            what=call.method,
            badge=badge(look, call.outcome),
            details=f"{call.ms} ms",
        )
    for told in trail.told(request, found(AuditEntry.objects.all(), "view_auditentry")):
        yield Step(at=told.entry.at, kind=_("change"), what=told.sentence, details=told.entry.reason)
    for message in found(OutboxMessage.objects.defer("payload"), "view_outboxmessage"):
        what = format_html("{}: {}", objects.link(request, "OutboxMessage", message.pk), message.kind)
        yield Step(
            at=message.created_at,
            kind=_("message"),
            what=what,
            badge=message_badge(message),
            details=message.last_error,
        )


def _of_event(request: HttpRequest, event: WebhookEvent) -> Iterator[Step]:
    """Its arrival, and each time that a worker took it."""
    link = objects.link(request, "WebhookEvent", event.pk)
    what = format_html("{}: {} {}", link, event.provider, event.event)
    yield Step(at=event.received_at, kind=_("webhook"), what=what, badge=event_badge(event))
    for attempt in event.attempts:
        yield Step(
            at=datetime.fromisoformat(attempt["started_at"]),
            kind=_("task"),
            what=_("Attempt %(number)s at event %(event)s") % {"number": attempt["number"], "event": event.pk},
            badge=badge(Look.QUIET, attempt.get("outcome") or _("under way")),
            details=attempt.get("error", ""),
        )
