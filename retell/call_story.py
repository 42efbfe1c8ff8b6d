"""Retell's side of a call's story: its events with their attempts, and the function calls of the conversation.

What the caller was understood to say, and what the agent was told, stands in the transcript that Retell sends when
the call is over; it is read from the stored event.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import outcomes
from appointments.call_story import Moment, Teller, register_teller
from appointments.models import Call
from mcp_gateway.badges import Look, badge
from mcp_gateway.models import WebhookEvent
from retell.payload import PROVIDER, call_of, instant, json_of, mapping_of
from retell.webhook_events import END_OF_CALL, ONCE_PER_CALL, key_of_call

State = WebhookEvent.State
LOOKS = {State.DONE: Look.GOOD, State.IGNORED: Look.QUIET, State.FAILED: Look.BAD, State.DEAD: Look.BAD}
# Around the call, other events of it are looked for; many calls come in a day.
AROUND = timedelta(hours=1)
MAX_OTHERS = 30
MAX_WORDS = 2000

REASONS = {
    "user_hangup": gettext_lazy("the caller hung up"),
    "agent_hangup": gettext_lazy("the agent hung up"),
    "call_transfer": gettext_lazy("the call was transferred"),
    "transfer_bridged": gettext_lazy("the call was transferred"),
    "transfer_cancelled": gettext_lazy("the transfer was called off"),
    "voicemail_reached": gettext_lazy("an answering machine took the call"),
    "ivr_reached": gettext_lazy("an automatic menu took the call"),
    "inactivity": gettext_lazy("nobody said anything for a long time"),
    "max_duration_reached": gettext_lazy("the longest duration was reached"),
    "concurrency_limit_reached": gettext_lazy("too many calls at once at Retell"),
    "no_valid_payment": gettext_lazy("Retell has no valid payment"),
    "credit_exhausted": gettext_lazy("the credit at Retell is used up"),
    "budget_reached": gettext_lazy("the budget at Retell is used up"),
    "scam_detected": gettext_lazy("Retell took it for fraud"),
    "marked_as_spam": gettext_lazy("the number is marked as spam"),
    "dial_busy": gettext_lazy("the line was busy"),
    "dial_failed": gettext_lazy("the number could not be reached"),
    "dial_no_answer": gettext_lazy("nobody answered"),
    "invalid_destination": gettext_lazy("there is no such number"),
    "user_declined": gettext_lazy("the call was declined"),
    "error_no_audio_received": gettext_lazy("an error: no sound came from the caller"),
    "error_user_not_joined": gettext_lazy("the caller never joined"),
    "registered_call_timeout": gettext_lazy("the caller never joined"),
    "manual_stopped": gettext_lazy("it was stopped by hand"),
    "call_take_over": gettext_lazy("a person took over"),
}


def why_ended(reason: str) -> Any:
    """Retell's reason in words; of a new one, what it is called."""
    if reason in REASONS:
        return REASONS[reason]
    if reason.startswith("error"):
        return _("an error at Retell (%(reason)s)") % {"reason": reason}
    return reason


def moments(call: Call) -> list[Moment]:
    events = _events(call)
    last = next((event for event in reversed(events) if event.event in END_OF_CALL), None)
    facts = call_of(WebhookEvent.objects.values_list("payload", flat=True).get(pk=last.pk)) if last else {}
    return [*map(_of_event, events), *_function_calls(facts)]


def _events(call: Call) -> list[WebhookEvent]:
    """The call's events in the order in which they came; their payloads stay in the database."""
    rows = WebhookEvent.objects.filter(provider=PROVIDER, company=call.company_id).defer("payload", "headers")
    keys = [key_of_call(call.company_id, event, call.call_id) for event in ONCE_PER_CALL]
    begins, ends = call.created_at - AROUND, (call.ended_at or call.updated_at) + AROUND
    others = rows.filter(received_at__range=(begins, ends), payload__call__call_id=call.call_id)
    found = [*rows.filter(dedupe_key__in=keys), *others.exclude(Q(event__in=ONCE_PER_CALL))[:MAX_OTHERS]]
    return sorted(found, key=lambda event: (event.received_at, event.pk))


def _of_event(event: WebhookEvent) -> Moment:
    tries = len(event.attempts)
    error = event.attempts[-1].get("error", "") if event.attempts else ""
    told = _("%(tries)s attempts") % {"tries": tries} if tries > 1 else ""
    return Moment(
        at=event.received_at,
        what=_("Event %(event)s") % {"event": event.event},
        badge=badge(LOOKS.get(State(event.state), Look.WAITS), event.get_state_display()),
        details=": ".join(filter(None, (told, error))),
        url=reverse("admin:mcp_gateway_webhookevent_change", args=(event.pk,)),
        permission="mcp_gateway.view_webhookevent",
    )


def _function_calls(facts: Mapping[str, Any]) -> Iterator[Moment]:
    """Each function call at the time of the last word before it: Retell notes no other."""
    entries = facts.get("transcript_with_tool_calls")
    rows = [row for row in entries if isinstance(row, Mapping)] if isinstance(entries, list) else []
    results = {str(row.get("tool_call_id")): row for row in rows if row.get("role") == "tool_call_result"}
    at = instant(facts.get("start_timestamp"))
    began = at
    for row in rows:
        at = _last_word(row, began) or at
        if row.get("role") == "tool_call_invocation":
            yield _function_call(row, results.get(str(row.get("tool_call_id"))), at)


def _function_call(row: Mapping[str, Any], result: Mapping[str, Any] | None, at: datetime | None) -> Moment:
    answer = mapping_of(json_of(result.get("content"))) if result else {}
    said = mapping_of(json_of(row.get("arguments")))
    return Moment(
        at=at,
        what=_("Function %(name)s") % {"name": str(row.get("name"))[:MAX_WORDS]},
        badge=_outcome(result, answer),
        said=", ".join(f"{name}: {value}" for name, value in said.items())[:MAX_WORDS],
        told=str(answer.get("message") or (result or {}).get("content") or "")[:MAX_WORDS],
    )


def _outcome(result: Mapping[str, Any] | None, answer: Mapping[str, Any]) -> SafeString:
    if result is None:
        return badge(Look.BAD, _("no answer"))
    has_failed = answer.get("success") is False or result.get("successful") is False
    status = answer.get("status")
    told = outcomes.in_words(status) if isinstance(status, str) and status else _("answered")
    return badge(Look.BAD if has_failed else Look.QUIET, told)


def _last_word(row: Mapping[str, Any], began: datetime | None) -> datetime | None:
    words = row.get("words")
    ended = words[-1].get("end") if isinstance(words, list) and words and isinstance(words[-1], Mapping) else None
    is_seconds = isinstance(ended, int | float) and not isinstance(ended, bool) and 0 <= ended < 1_000_000
    return began + timedelta(seconds=ended) if began and is_seconds else None  # type: ignore[arg-type]


register_teller(PROVIDER, Teller(moments=moments, why_ended=why_ended))
