"""Admin of the inbox: its list, an event with its attempts, and replays: of one, of a selection, of a filter."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mcp_gateway import inbox, replays
from mcp_gateway.actors import display_names
from mcp_gateway.badges import Look, badge
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import (
    CompanyFilter,
    ReadOnlyAdmin,
    RecentValuesFilter,
    SavedView,
    date_range,
    has_error,
    today,
    view_of,
)
from mcp_gateway.staff_pages import Section, render
from mcp_gateway.templatetags.staff import duration

State = WebhookEvent.State
LOOKS = {
    State.RECEIVED: Look.WAITS,
    State.PROCESSING: Look.WAITS,
    State.DONE: Look.GOOD,
    State.IGNORED: Look.QUIET,
    State.FAILED: Look.BAD,
    State.DEAD: Look.BAD,
}
MOST_FOUND = 5000
MAY_REPLAY = replays.PERMISSION
LIST = "admin:mcp_gateway_webhookevent_changelist"
REPLAY = "admin:mcp_gateway_webhookevent_replay"
REPLAYED = "admin:mcp_gateway_webhookevent_replayed"


class ReplayForm(forms.Form):
    """What was looked at, and why it is to be done; `batch` is the name by which a second request is known."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=AuditEntry._meta.get_field("reason").max_length,
        widget=forms.Textarea({"rows": 2}),
        help_text=_('It goes into the audit trail: "Cal.com was down until 9 o\'clock".'),
    )
    batch = forms.UUIDField(widget=forms.HiddenInput)
    events = forms.CharField(widget=forms.HiddenInput)

    def clean_events(self) -> list[int]:
        ids = self.cleaned_data["events"].split(",")
        if not all(text.isdecimal() and len(text) < 19 for text in ids):
            raise forms.ValidationError(_("Choose the events anew."))
        return [int(text) for text in ids]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    shows_personal_data = True
    list_display = ("received", "what", "company", "state_badge", "tries", "last_error", "age")
    list_filter = (
        "state",
        date_range("received_at"),
        has_error(Q(last_error__gt="")),
        ("provider", RecentValuesFilter),
        ("event", RecentValuesFilter),
        ("company", CompanyFilter),
    )
    search_fields = ("correlation_id", "dedupe_key")
    search_help_text = _("Correlation id, or a part of the dedupe key, such as a call id")
    list_select_related = ("company",)
    views = (
        SavedView(_("Today"), today),
        view_of(State.RECEIVED),
        view_of(State.FAILED),
        view_of(State.DEAD),
    )
    first_step = "portal"
    nothing_yet = _("No webhook has been received yet: they come from Retell and Cal.com.")
    export_columns = (
        "id",
        "received_at",
        "provider",
        "event",
        "company",
        "state",
        "tries",
        "last_error",
        "processed_at",
        "correlation_id",
    )
    actions = ("replay",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """A list has no use for the payloads, of which one may be as large as two megabytes."""
        return super().get_queryset(request).defer("payload", "headers")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        """By what stands in an index, and in a query that needs nothing else: a look into every row takes seconds."""
        term = search_term.strip()
        if not term:
            return queryset, False
        column = "correlation_id" if _is_uuid(term) else "dedupe_key__icontains"
        found = WebhookEvent.objects.filter(**{column: term}).order_by().values_list("pk", flat=True)[:MOST_FOUND]
        return queryset.filter(pk__in=list(found)), False

    @admin.display(description=_("received at"), ordering="received_at")
    def received(self, event: WebhookEvent) -> SafeString | str:
        return moment(event.received_at)

    @admin.display(description=_("event"), ordering="event")
    def what(self, event: WebhookEvent) -> str:
        return f"{event.provider} {event.event}"

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, event: WebhookEvent) -> SafeString:
        return state_badge(event)

    @admin.display(description=_("attempts"))
    def tries(self, event: WebhookEvent) -> int:
        return len(event.attempts)

    @admin.display(description=_("age"))
    def age(self, event: WebhookEvent) -> str:
        return duration(timezone.now() - event.received_at)

    def get_urls(self) -> list[Any]:
        guarded = self.admin_site.admin_view
        return [
            path("replay/", guarded(self.replay_view), name="mcp_gateway_webhookevent_replay"),
            path("replay/<uuid:batch>/", guarded(self.replayed_view), name="mcp_gateway_webhookevent_replayed"),
            *super().get_urls(),
        ]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_REPLAY)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        event = context["original"]
        context |= {
            "title": event,
            "subtitle": None,
            "attempts": _told(event.attempts),
            "state_badge": state_badge(event),
            "payload": pretty(event.payload),
            "headers": pretty(event.headers),
            "is_settled": event.state in inbox.SETTLED,
            "may_replay": self.has_replay_permission(request),
            "may_see_trail": request.user.has_perm("mcp_gateway.view_auditentry"),
            "replay_url": f"{reverse(REPLAY)}?{urlencode({'ids': event.pk})}",
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Replay …"), permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[WebhookEvent]) -> HttpResponse:
        """Nothing is done yet: the next page says what would be."""
        if request.POST.get("select_across") == "1":
            return redirect(f"{reverse(REPLAY)}?{request.GET.urlencode()}")
        ids = ",".join(str(key) for key in events.values_list("pk", flat=True))
        return redirect(f"{reverse(REPLAY)}?{urlencode({'ids': ids})}")

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """The dry run of what `ids` names, or the filter shows; posted, it is done."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            plan = replays.plan(self._chosen(request))
            ids = ",".join(str(key) for key in plan.ids)
            return self._dry_run(request, plan, ReplayForm(initial={"batch": uuid4(), "events": ids}))
        form = ReplayForm(request.POST)
        if not form.is_valid():
            plan = replays.plan_again(self.get_queryset(request), form.cleaned_data.get("events", []))
            return self._dry_run(request, plan, form)
        return self._replay(request, **form.cleaned_data)

    def replayed_view(self, request: HttpRequest, batch: UUID) -> HttpResponse:
        """What became of a replay until now."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        entries = list(replays.entries(batch))
        rows = self.get_queryset(request).select_related("company")
        events = {str(event.pk): event for event in rows.filter(pk__in=[entry.object_id for entry in entries])}
        replayed = [(events[entry.object_id], entry) for entry in entries if entry.object_id in events]
        if not replayed:
            raise Http404
        first = replayed[0][1]
        context = {
            "title": _("Replay of webhook events"),
            "rows": [
                {
                    "event": event,
                    "was": _badge_of(entry.before["state"]),
                    "now": state_badge(event),
                }
                for event, entry in replayed
            ],
            "entry": first,
            "actor": display_names([first.actor])[first.actor],
            "waiting": sum(event.state not in inbox.SETTLED for event, _entry in replayed),
            "opts": self.opts,
        }
        return render(request, "staff/replayed.html", context)

    def _chosen(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        if "ids" not in request.GET:
            shown: QuerySet[WebhookEvent] = self.shown_list(request).queryset
            return shown
        ids = [text for text in request.GET["ids"].split(",") if text.isdecimal() and len(text) < 19]
        return self.get_queryset(request).filter(pk__in=ids)

    def _dry_run(self, request: HttpRequest, plan: replays.Plan, form: ReplayForm) -> HttpResponse:
        if not plan.ids and not plan.skipped:
            raise Http404
        context = {"title": _("Replay webhook events"), "plan": plan, "form": form, "opts": self.opts}
        context["rows"] = [{"event": event, "was": state_badge(event)} for event in plan.events]
        return render(request, "staff/replay.html", context)

    def _replay(self, request: HttpRequest, *, reason: str, batch: UUID, events: Sequence[int]) -> HttpResponse:
        visible = replays.visible(self.get_queryset(request), events)
        if len(visible) > replays.AT_ONCE:
            action = replays.start(visible, reason=reason, user=request.user, batch=batch)
            return redirect("admin:mcp_gateway_longaction_change", action.pk)
        if replays.entries(batch).exists():
            self.message_user(request, _("This was done already."), messages.WARNING)
            return redirect(REPLAYED, batch)
        by = Principal.of_staff(request.user)
        skipped = replays.replay_all([*visible], reason=reason, by=by, batch=batch)
        done = len(visible) - skipped
        told = ngettext("%(count)s event is replayed.", "%(count)s events are replayed.", done) % {"count": done}
        if skipped:
            told += " " + ngettext(
                "%(count)s was skipped: it waits already or is being processed.",
                "%(count)s were skipped: they wait already or are being processed.",
                skipped,
            ) % {"count": skipped}
        self.message_user(request, told, messages.SUCCESS if done else messages.WARNING)
        return redirect(REPLAYED, batch) if done else redirect(LIST)


def state_badge(event: WebhookEvent) -> SafeString:
    return badge(LOOKS[State(event.state)], State(event.state).label)


def pretty(value: Any) -> str:
    """JSON as people read it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _told(attempts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Attempts with a badge for the outcome, and the name of whoever had the next one made."""
    names = display_names(attempt["replayed_by"] for attempt in attempts if attempt.get("replayed_by"))
    return [
        {
            **attempt,
            "badge": _badge_of(attempt.get("outcome", "")),
            "replayed_by": names.get(attempt.get("replayed_by", ""), ""),
        }
        for attempt in attempts
    ]


def _badge_of(state: str) -> SafeString:
    """A state as it was noted down; one that is not known any more is told as it is."""
    return badge(LOOKS[State(state)], State(state).label) if state in State.values else badge(Look.QUIET, state)


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
