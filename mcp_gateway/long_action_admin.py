"""Admin of long actions: which there are, how far one is and what became of each item, and cancelling it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mcp_gateway import background, objects, worker_queue
from mcp_gateway.badges import Look, badge
from mcp_gateway.models import LongAction, LongActionResult
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import (
    CompanyFilter,
    CompanyScopedAdmin,
    ReadOnlyAdmin,
    RecentValuesFilter,
    SavedView,
    date_range,
    today,
    view_of,
    visible_companies,
)
from mcp_gateway.staff_pages import Section
from mcp_gateway.staff_views.queue import STATUS

State, Outcome = LongAction.State, LongActionResult.Outcome
LOOKS = {
    State.WAITING: Look.WAITS,
    State.RUNNING: Look.WAITS,
    State.DONE: Look.GOOD,
    State.FAILED: Look.BAD,
    State.CANCELLED: Look.QUIET,
}
OUTCOMES = {Outcome.DONE: Look.GOOD, Outcome.SKIPPED: Look.QUIET, Outcome.FAILED: Look.BAD}
# What needs a look comes first.
TROUBLE_FIRST = Case(
    When(outcome=Outcome.FAILED, then=Value(0)),
    When(outcome=Outcome.SKIPPED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
SHOWN_RESULTS = 200


@admin.register(LongAction)
class LongActionAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("created", "what", "company", "started_by", "state_badge", "progress", "skipped", "failed", "ended")
    list_filter = ("state", date_range("created_at"), ("kind", RecentValuesFilter), ("company", CompanyFilter))
    search_fields = ("=correlation_id", "=started_by__username")
    search_ids = ("correlation_id",)
    search_help_text = _("Correlation id, or the name of whoever started it")
    list_select_related = ("company", "started_by")
    views = (
        SavedView(_("Today"), today),
        view_of(State.RUNNING),
        view_of(State.FAILED),
    )
    first_step = "portal"
    nothing_yet = _(
        "Nothing that takes long has been started yet: deployments, replays of many events and comparisons with "
        "Cal.com come here."
    )
    export_columns = (
        "id",
        "created_at",
        "kind",
        "company",
        "started_by",
        "state",
        "total",
        "done",
        "skipped",
        "failed",
        "ended_at",
        "correlation_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LongAction]:
        """What is of several companies is seen by whoever started it."""
        rows = super(CompanyScopedAdmin, self).get_queryset(request).defer("items")
        companies = visible_companies(request)
        if companies is None:
            return rows
        return rows.filter(Q(company__in=companies) | Q(company=None, started_by=request.user))

    @admin.display(description=_("created at"), ordering="created_at")
    def created(self, action: LongAction) -> SafeString | str:
        return moment(action.created_at)

    @admin.display(description=_("ended at"), ordering="ended_at")
    def ended(self, action: LongAction) -> SafeString | str:
        return moment(action.ended_at)

    @admin.display(description=_("kind"), ordering="kind")
    def what(self, action: LongAction) -> str:
        return _title(action)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, action: LongAction) -> SafeString:
        return state_badge(action)

    @admin.display(description=_("progress"))
    def progress(self, action: LongAction) -> str:
        return f"{action.position} / {action.total}"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<path:object_id>/cancel/", view, name="mcp_gateway_longaction_cancel"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        action = context["original"]
        is_over = action.state in background.OVER
        kind = background.kinds.get(action.kind)
        results = list(action.results.order_by(TROUBLE_FIRST, "number")[:SHOWN_RESULTS])
        context |= {
            "title": _title(action),
            "subtitle": None,
            "state_badge": state_badge(action),
            "is_over": is_over,
            "position": action.position,
            "results": [self._shown(request, kind, result) for result in results],
            "details": kind.details if kind else "",
            "may_cancel": not is_over and not action.cancel_requested and _may_cancel(request, action),
            "may_see_trail": request.user.has_perm("mcp_gateway.view_auditentry"),
            "workers": None if is_over else _workers_problem(),
            **(kind.context(action, results) if kind else {}),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """By POST only; a second time changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        action = self.get_object(request, object_id)
        if action is None:
            raise Http404
        if not _may_cancel(request, action):
            raise PermissionDenied
        if background.cancel(action.pk, Principal.of_staff(request.user)):
            self.message_user(request, _("It is called off: what is done already stays done."), messages.SUCCESS)
        else:
            self.message_user(request, _("It has ended already, or is about to."), messages.WARNING)
        return redirect("admin:mcp_gateway_longaction_change", action.pk)

    def _shown(self, request: HttpRequest, kind: background.Kind | None, result: LongActionResult) -> dict[str, Any]:
        object_type = kind.object_type if kind else ""
        return {
            "item": objects.link(request, object_type, result.item) if object_type else result.item,
            "badge": badge(OUTCOMES[Outcome(result.outcome)], Outcome(result.outcome).label),
            "told": result.told,
        }


def state_badge(action: LongAction) -> SafeString:
    """Ended with failures it is no success, even if it was done to its end."""
    state = State(action.state)
    look = Look.CARE if state is State.DONE and action.failed else LOOKS[state]
    if state is State.RUNNING and action.cancel_requested:
        return badge(look, _("is being called off"))
    return badge(look, state.label)


def _title(action: LongAction) -> str:
    kind = background.kinds.get(action.kind)
    return str(kind.title) if kind else action.kind


def _may_cancel(request: HttpRequest, action: LongAction) -> bool:
    kind = background.kinds.get(action.kind)
    return kind is not None and request.user.has_perm(kind.permission)


def _workers_problem() -> SafeString | None:
    """Nothing where a worker answers."""
    status = worker_queue.sign_of_life()
    look, text = STATUS[status]
    return None if status == "ok" else badge(Look[look.upper()], text)
