"""Admin of the outbox: its list, a message, and sending again what failed or was given up."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mcp_gateway import objects, outbox
from mcp_gateway.badges import Look, badge
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, OutboxMessage
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
from mcp_gateway.webhook_event_admin import pretty

State = OutboxMessage.State
LOOKS = {
    State.WAITING: Look.WAITS,
    State.SENDING: Look.WAITS,
    State.SENT: Look.GOOD,
    State.SKIPPED: Look.QUIET,
    State.FAILED: Look.BAD,
    State.DEAD: Look.BAD,
}
MAY_SEND = "mcp_gateway.change_outboxmessage"
LIST = "admin:mcp_gateway_outboxmessage_changelist"
SEND_AGAIN = "admin:mcp_gateway_outboxmessage_send_again"
# No page of a list is longer.
MOST_AT_ONCE = 200


class SendAgainForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=AuditEntry._meta.get_field("reason").max_length,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("It goes into the audit trail."),
    )


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("created", "kind", "about", "company", "state_badge", "attempts", "last_error", "sent")
    list_filter = (
        "state",
        date_range("created_at"),
        has_error(Q(last_error__gt="")),
        ("kind", RecentValuesFilter),
        ("company", CompanyFilter),
    )
    search_fields = ("^dedupe_key",)
    search_help_text = _("Correlation id, or the beginning of the dedupe key")
    search_ids = ("correlation_id", "dedupe_key")
    list_select_related = ("company",)
    views = (
        SavedView(_("Today"), today),
        view_of(State.WAITING),
        view_of(State.FAILED),
        view_of(State.DEAD),
    )
    first_step = "portal"
    nothing_yet = _("Nothing has been told to anybody yet: mails go out when appointments are made and changed.")
    export_columns = (
        "id",
        "created_at",
        "kind",
        "dedupe_key",
        "company",
        "state",
        "attempts",
        "last_error",
        "sent_at",
        "correlation_id",
    )
    actions = ("send_again",)

    @admin.display(description=_("created at"), ordering="created_at")
    def created(self, message: OutboxMessage) -> SafeString | str:
        return moment(message.created_at)

    @admin.display(description=_("sent at"), ordering="sent_at")
    def sent(self, message: OutboxMessage) -> SafeString | str:
        return moment(message.sent_at)

    @admin.display(description=_("about"))
    def about(self, message: OutboxMessage) -> str:
        return ", ".join(f"{objects.kind(name)} {key}" for name, key in _about(message))

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, message: OutboxMessage) -> SafeString:
        return message_badge(message)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.send_again_view)
        return [path("send-again/", view, name="mcp_gateway_outboxmessage_send_again"), *super().get_urls()]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_SEND)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        message = context["original"]
        context |= {
            "title": message,
            "subtitle": None,
            "state_badge": message_badge(message),
            "about": [objects.link(request, name, key) for name, key in _about(message)],
            "payload": pretty(message.payload),
            "may_send_again": message.state in outbox.STUCK and self.has_send_permission(request),
            "may_see_trail": request.user.has_perm("mcp_gateway.view_auditentry"),
            "send_again_url": f"{reverse(SEND_AGAIN)}?{urlencode({'ids': message.pk})}",
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Send again …"), permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> HttpResponse:
        """Nothing is sent yet: the next page asks, and says how many are too many for it."""
        ids = ",".join(str(key) for key in chosen.values_list("pk", flat=True)[:MOST_AT_ONCE])
        if (left := chosen.count() - MOST_AT_ONCE) > 0:
            told = ngettext(
                "Only %(most)s are sent again at once: %(count)s of the chosen messages is left as it is.",
                "Only %(most)s are sent again at once: %(count)s of the chosen messages are left as they are.",
                left,
            )
            self.message_user(request, told % {"most": MOST_AT_ONCE, "count": left}, messages.WARNING)
        return redirect(f"{reverse(SEND_AGAIN)}?{urlencode({'ids': ids})}")

    def send_again_view(self, request: HttpRequest) -> HttpResponse:
        """What of `ids` would be sent again, and why; posted, it is."""
        if not self.has_send_permission(request):
            raise PermissionDenied
        ids = [text for text in request.GET.get("ids", "").split(",") if text.isdecimal() and len(text) < 19]
        chosen = list(self.get_queryset(request).select_related("company").filter(pk__in=ids[:MOST_AT_ONCE]))
        if not chosen:
            raise Http404
        form = SendAgainForm(request.POST or None)
        if form.is_valid():
            return self._send_again(request, chosen, form.cleaned_data["reason"])
        stuck = [message for message in chosen if message.state in outbox.STUCK]
        rows = [{"message": message, "badge": message_badge(message)} for message in stuck]
        context = {"title": _("Send messages again"), "form": form, "rows": rows, "opts": self.opts}
        context["skipped"] = len(chosen) - len(stuck)
        return render(request, "staff/send_again.html", context)

    def _send_again(self, request: HttpRequest, chosen: list[OutboxMessage], reason: str) -> HttpResponse:
        by, done = Principal.of_staff(request.user), 0
        for message in chosen:
            try:
                outbox.send_again(message.pk, reason=reason, by=by)
                done += 1
            except (Conflict, NotFound):
                continue
        told = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", done)
        told %= {"count": done}
        if skipped := len(chosen) - done:
            told += " " + ngettext(
                "%(count)s was skipped: it has not failed.", "%(count)s were skipped: they have not failed.", skipped
            ) % {"count": skipped}
        self.message_user(request, told, messages.SUCCESS if done else messages.WARNING)
        if len(chosen) == 1:
            return redirect("admin:mcp_gateway_outboxmessage_change", chosen[0].pk)
        return redirect(LIST)


def message_badge(message: OutboxMessage) -> SafeString:
    return badge(LOOKS[State(message.state)], State(message.state).label)


def _about(message: OutboxMessage) -> list[tuple[str, Any]]:
    """The objects that the payload names, such as "appointment": 7."""
    named = message.payload.items() if isinstance(message.payload, dict) else ()
    return [(name, key) for name, key in named if isinstance(key, int) and objects.model_called(name)]
