"""The inbox of what people have to do: a list, one task, and the steps by which it is worked through."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from appointments import follow_up_work, looks
from appointments.list_tools import WordSearchMixin
from appointments.models import FollowUp
from appointments.notifications import number_to_call, who_is_meant
from appointments.staff_lists import FOLLOW_UP_VIEWS
from mcp_gateway import confirming
from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.staff_admin import CompanyFilter, CompanyScopedAdmin, date_range, visible_companies
from mcp_gateway.staff_pages import Section
from mcp_gateway.templatetags.staff import duration

CHANGE = "appointments.change_followup"
DONE = FollowUp.Status.DONE
STEPS: dict[str, Callable[[FollowUp, Any], bool]] = {
    "take": follow_up_work.take,
    "release": follow_up_work.release,
    "finish": follow_up_work.finish,
    "reopen": follow_up_work.reopen,
}
TITLES = {
    "take": gettext_lazy("Take: I see to it"),
    "release": gettext_lazy("Release: somebody else may"),
    "finish": gettext_lazy("Done"),
    "reopen": gettext_lazy("Open again"),
}


class FollowUpAdmin(NoLostEditsMixin, WordSearchMixin, CompanyScopedAdmin):
    section = Section.DAY
    shows_personal_data = True
    search_ids = ("call__call_id",)
    phone_columns = ("call__caller_phone", "appointment__customer__phone")
    views = FOLLOW_UP_VIEWS
    first_step = "dashboard"
    nothing_yet = gettext_lazy("Nothing is to be done: what the system can't do by itself appears here.")
    list_display = ("kind_shown", "what", "who", "number", "age", "state", "assignee", "company")
    list_display_links = ("what",)
    list_filter = (date_range("created_at"), "status", "kind", ("company", CompanyFilter))
    search_fields = ("what_to_do",)
    customer_lookups = ("appointment__customer", "call__customer")
    beginning_columns = ("appointment__attendee_name",)
    text_columns = ("what_to_do",)
    search_help_text = gettext_lazy(
        "Call id, phone number, a part of what is to be done, or name: what you type has to begin the words of the "
        "customer's name, so “Mei” finds Anna Meier, and “eier” does not."
    )
    readonly_fields = ("company", "kind", "call", "appointment", "what_to_do", "created_at")
    list_select_related = ("company", "assignee", "call__customer", "appointment__customer")
    # What is open comes first, and of that what waits longest.
    ordering = (Case(When(status=DONE, then=Value(1)), default=Value(0)), "created_at")
    change_form_template = "admin/appointments/followup/change_form.html"
    actions = ("take_chosen", "release_chosen", "finish_chosen", "reopen_chosen")

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_shown(self, row: FollowUp) -> SafeString:
        return looks.kind_badge(row.kind)

    @admin.display(description=gettext_lazy("what to do"))
    def what(self, row: FollowUp) -> str:
        return Truncator(row.what_to_do).chars(160)

    @admin.display(description=gettext_lazy("who"))
    def who(self, row: FollowUp) -> str:
        return who_is_meant(row) or "–"

    @admin.display(description=gettext_lazy("phone"))
    def number(self, row: FollowUp) -> SafeString | str:
        number = number_to_call(row)
        return format_html('<a href="tel:{0}">{0}</a>', number) if number else "–"

    @admin.display(description=gettext_lazy("age"), ordering="created_at")
    def age(self, row: FollowUp) -> str:
        return duration(timezone.now() - row.created_at)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, row: FollowUp) -> SafeString:
        return looks.follow_up_badge(row.status)

    @admin.action(description=TITLES["take"], permissions=["change"])
    def take_chosen(self, request: HttpRequest, rows: QuerySet[FollowUp]) -> HttpResponseBase | None:
        return self._each(request, rows, "take")

    @admin.action(description=TITLES["release"], permissions=["change"])
    def release_chosen(self, request: HttpRequest, rows: QuerySet[FollowUp]) -> HttpResponseBase | None:
        return self._each(request, rows, "release")

    @admin.action(description=TITLES["finish"], permissions=["change"])
    def finish_chosen(self, request: HttpRequest, rows: QuerySet[FollowUp]) -> HttpResponseBase | None:
        return self._each(request, rows, "finish")

    @admin.action(description=TITLES["reopen"], permissions=["change"])
    def reopen_chosen(self, request: HttpRequest, rows: QuerySet[FollowUp]) -> HttpResponseBase | None:
        return self._each(request, rows, "reopen")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        steps = [
            path(f"<path:object_id>/{name}/", wrap(self.step_view), {"name": name}, f"appointments_followup_{name}")
            for name in (*STEPS, "note")
        ]
        return [*steps, *super().get_urls()]

    def step_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """One step of one follow-up, by a button of its page."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        follow_up = self.get_object(request, unquote(object_id))
        if follow_up is None:
            raise Http404
        if name == "note":
            self._note_down(request, follow_up)
        elif STEPS[name](follow_up, request.user):
            messages.success(request, _("Done."))
        else:
            messages.warning(request, _("Nothing was changed: somebody was quicker. This is how it stands now."))
        return HttpResponseRedirect(reverse("admin:appointments_followup_change", args=(follow_up.pk,)))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row: FollowUp = context["original"]
        context |= {
            "title": who_is_meant(row) or row.get_kind_display(),
            "subtitle": None,
            "kind": looks.kind_badge(row.kind),
            "state": looks.follow_up_badge(row.status),
            "number": number_to_call(row),
            "age": timezone.now() - row.created_at,
            "history": follow_up_work.history(row),
            "max_note": follow_up_work.MAX_NOTE,
            "may_change": request.user.has_perm(CHANGE),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only colleagues can be asked to do something: who works for other companies is not told."""
        companies = visible_companies(request)
        if db_field.name == "assignee" and companies is not None:
            kwargs["queryset"] = get_user_model().objects.filter(companies__in=companies).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was done about a caller's wish stays: it is finished."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def _note_down(self, request: HttpRequest, follow_up: FollowUp) -> None:
        text = request.POST.get("note", "").strip()
        if text:
            follow_up_work.note(follow_up, request.user, text)
            messages.success(request, _("Noted."))
        else:
            messages.error(request, _("The note was empty: nothing was noted."))

    def _each(self, request: HttpRequest, rows: QuerySet[FollowUp], name: str) -> HttpResponseBase | None:
        """Say how many it would be done with; confirmed, how many it was done with, and how many it did not fit."""
        fitting = rows.filter(follow_up_work.FITTING[name])
        if asked := confirming.question(request, self, str(TITLES[name]), rows, fitting):
            return asked
        results = [STEPS[name](row, request.user) for row in rows]
        done, skipped = results.count(True), results.count(False)
        told = ngettext("Done with %(count)s follow-up.", "Done with %(count)s follow-ups.", done) % {"count": done}
        if skipped:
            left_out = ngettext("%(count)s was skipped.", "%(count)s were skipped.", skipped) % {"count": skipped}
            told = f"{told} {left_out}"
        messages.add_message(request, messages.SUCCESS if done else messages.WARNING, told)
        return None
