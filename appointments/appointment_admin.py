"""The appointments' pages: list, one appointment, and what staff do with it.

The forms of the admin stay read-only. Every change goes through `desk`, asked for by POST on a page that names the
customer and the time and says what will happen.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import acts, desk, looks, words_for_staff
from appointments.calendar import CalendarError, OutcomeUnknown, SlotTaken
from appointments.changes import NotChangeable
from appointments.list_tools import WordSearchMixin
from appointments.models import Appointment, Service
from appointments.staff_forms import BookingForm, LocalStartForm, ReasonForm, ServiceForm
from appointments.staff_lists import APPOINTMENT_FAILED, APPOINTMENT_VIEWS
from mcp_gateway import correlation
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import (
    CompanyFilter,
    OwnRowsFilter,
    ReadOnlyAdmin,
    date_range,
    has_error,
    visible_companies,
)
from mcp_gateway.staff_pages import Section, render
from mcp_gateway.trail import history_of

Status = Appointment.Status
CHANGE, ADD = "appointments.change_appointment", "appointments.add_appointment"
MAX_SHOWN = 20

View = Callable[..., HttpResponseBase]


def _for(permission: str) -> Callable[[View], View]:
    """The page opens for whoever has the permission, of an appointment that the member of staff may see."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(self: "AppointmentAdmin", request: HttpRequest, object_id: str, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            appointment = self.found(request, object_id)
            self._note_view(request, appointment)
            return view(self, request, appointment, **kwargs)

        return guarded

    return guard


class AppointmentAdmin(WordSearchMixin, ReadOnlyAdmin):
    section = Section.DAY
    shows_personal_data = True
    views = APPOINTMENT_VIEWS
    ordering = ("-starts_at",)
    nothing_yet = gettext_lazy("No appointment yet: callers make them by phone, and you can book one here.")
    search_ids = ("calcom_booking_uid", "call__call_id")
    phone_columns = ("customer__phone", "call__caller_phone")
    list_display = ("when", "booked_for", "state", "service", "origin", "company")
    list_filter = (
        date_range("starts_at"),
        "status",
        has_error(APPOINTMENT_FAILED),
        "origin",
        ("service", OwnRowsFilter),
        ("company", CompanyFilter),
    )
    search_fields = ("attendee_name",)
    customer_lookups = ("customer",)
    beginning_columns = ("attendee_name", "attendee_email")
    search_help_text = gettext_lazy(
        "Cal.com booking uid, call id, phone number, e-mail, or name: what you type has to begin the words of the "
        "customer's name, so “Mei” finds Anna Meier, and “eier” does not. Who was booked for under another name is "
        "found by its beginning."
    )
    list_select_related = ("company", "customer", "service")
    change_form_template = "admin/appointments/appointment/change_form.html"
    change_list_template: ClassVar[Any] = "admin/appointments/appointment/change_list.html"

    @admin.display(description=gettext_lazy("time"), ordering="starts_at")
    def when(self, appointment: Appointment) -> SafeString | str:
        return moment(appointment.starts_at, appointment.company.zone)

    @admin.display(description=gettext_lazy("booked for"), ordering="attendee_name")
    def booked_for(self, appointment: Appointment) -> str:
        return words_for_staff.who(appointment)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, appointment: Appointment) -> SafeString:
        return looks.appointment_badge(appointment.status)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [path("book/", wrap(self.book_view), name="appointments_appointment_book")]
        own.append(path("<path:object_id>/move/", wrap(self.move_view), name="appointments_appointment_move"))
        for name in acts.ACTS:
            view = wrap(self.act_view)
            own.append(path(f"<path:object_id>/{name}/", view, {"name": name}, f"appointments_appointment_{name}"))
        return [*own, *super().get_urls()]

    def found(self, request: HttpRequest, object_id: str) -> Appointment:
        """Raises Http404 for another company's, too."""
        key = unquote(object_id)
        rows = self.get_queryset(request).select_related("company", "service", "customer", "call")
        appointment: Appointment | None = rows.filter(pk=key).first() if key.isdecimal() else None
        if appointment is None:
            raise Http404
        return appointment

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_book": request.user.has_perm(ADD), **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With what its page tells of it."""
        try:
            return self.found(request, object_id)
        except Http404:
            return None

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        appointment: Appointment = context["original"]
        may_change = request.user.has_perm(CHANGE)
        context |= {
            "title": words_for_staff.named(appointment),
            "subtitle": None,
            "zone": appointment.company.zone,
            "state": self.state(appointment),
            "acts": [act for act in acts.ACTS.values() if may_change and act.is_open(appointment)],
            "may_move": may_change and acts.may_move(appointment),
            "may_book_again": request.user.has_perm(ADD) and acts.may_book_again(appointment),
            "follow_ups": [
                (row, looks.follow_up_badge(row.status)) for row in appointment.follow_ups.order_by("-created_at")
            ],
            "trail": history_of("Appointment", appointment.pk)[:MAX_SHOWN],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @_for(CHANGE)
    def act_view(self, request: HttpRequest, appointment: Appointment, *, name: str) -> HttpResponseBase:
        """Ask, with a reason where one is needed, and do it."""
        act = acts.ACTS[name]
        if not act.is_open(appointment):
            # Also what a form that was sent twice finds.
            messages.warning(request, words_for_staff.trouble(NotChangeable(), appointment))
            return _back(appointment)
        form = ReasonForm(request.POST if request.method == "POST" else None, needs_reason=act.needs_reason)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                changed = act.does(appointment, by=Principal.of_staff(request.user), reason=reason)
            except (NotChangeable, CalendarError) as error:
                return _told(request, error, appointment)
            messages.success(request, act.done % {"appointment": words_for_staff.named(changed)})
            return _back(appointment)
        context = self._context(appointment, act.title)
        context |= {"act": act, "form": form, "says": act.says(appointment)}
        return render(request, "staff/appointment_act.html", context)

    @_for(CHANGE)
    def move_view(self, request: HttpRequest, appointment: Appointment) -> HttpResponseBase:
        """Choose a free time, or any other; then say why, and move it."""
        if not acts.may_move(appointment):
            messages.warning(request, words_for_staff.trouble(NotChangeable(), appointment))
            return _back(appointment)
        zone = appointment.company.zone
        context = self._context(appointment, _("Move the appointment"))
        if "start" not in request.GET:
            return render(request, "staff/appointment_move.html", context | self._choice(request, appointment))
        chosen = LocalStartForm(request.GET, zone=zone)
        if not chosen.is_valid():
            return render(request, "staff/appointment_move.html", context | self._choice(request, appointment, chosen))
        start = chosen.cleaned_data["start"]
        form = ReasonForm(request.POST if request.method == "POST" else None)
        context |= {"form": form, "start": start, "says": [acts.customer_is_told(appointment)]}
        if request.method == "POST" and form.is_valid():
            try:
                reason = form.cleaned_data["reason"]
                changed = desk.move(appointment, start=start, reason=reason, by=Principal.of_staff(request.user))
            except SlotTaken as error:
                context |= {"trouble": words_for_staff.trouble(error), "nearest": _nearest(appointment.service, start)}
            except (NotChangeable, CalendarError) as error:
                return _told(request, error, appointment)
            else:
                messages.success(request, _moved(changed))
                return _back(appointment)
        return render(request, "staff/appointment_move_confirm.html", context)

    def book_view(self, request: HttpRequest) -> HttpResponseBase:
        """Service, free time, customer: one page after the other, and the last one books."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        like = self._like(request)
        services = _services(request)
        chosen = ServiceForm(request.GET if "service" in request.GET else None, services=services)
        context = {"title": _("Book an appointment"), "chosen": chosen, "like": like, "opts": self.opts}
        if not chosen.is_valid():
            return render(request, "staff/appointment_book.html", context)
        service: Service = chosen.cleaned_data["service"]
        kept = {"service": service.pk, **({"like": like.pk} if like else {})}
        context |= {"service": service, "zone": service.company.zone, "kept": f"{urlencode(kept)}&"}
        if "start" in request.GET:
            start_form = LocalStartForm(request.GET, zone=service.company.zone)
            if start_form.is_valid():
                return self._book(request, service, start_form.cleaned_data["start"], context)
            context["other"] = start_form
        day = chosen.cleaned_data["day"] or timezone.localdate(timezone=service.company.zone)
        context |= {"other": LocalStartForm(zone=service.company.zone), **_week(service, day), **context}
        return render(request, "staff/appointment_book.html", context)

    def _book(self, request: HttpRequest, service: Service, start: Any, context: dict[str, Any]) -> HttpResponseBase:
        like: Appointment | None = context["like"]
        posted = request.POST if request.method == "POST" else None
        form = BookingForm(posted, service=service, initial=_known_of(like))
        context |= {"form": form, "start": start}
        if posted is not None and form.is_valid():
            told = {name: form.cleaned_data[name] for name in ("name", "phone", "notes", "booking_key")}
            email = form.cleaned_data["email"] or None
            try:
                made = desk.create(
                    service=service, start=start, email=email, by=Principal.of_staff(request.user), **told
                )
            except SlotTaken as error:
                context |= {"trouble": words_for_staff.trouble(error), "nearest": _nearest(service, start)}
            else:
                messages.add_message(request, *_outcome(made))
                return _back(made)
        return render(request, "staff/appointment_book_form.html", context)

    def _like(self, request: HttpRequest) -> Appointment | None:
        """The appointment in whose place another is booked."""
        key = request.GET.get("like", "")
        if not key:
            return None
        like = self.found(request, key)
        self._note_view(request, like)
        return like

    def _context(self, appointment: Appointment, title: Any) -> dict[str, Any]:
        return {"title": title, "appointment": appointment, "zone": appointment.company.zone, "opts": self.opts}

    def _choice(
        self, request: HttpRequest, appointment: Appointment, chosen: LocalStartForm | None = None
    ) -> dict[str, Any]:
        zone = appointment.company.zone
        day = _date(request.GET.get("day", "")) or max(
            timezone.localdate(timezone=zone), timezone.localdate(appointment.starts_at, zone)
        )
        other = chosen or LocalStartForm(zone=zone)
        return {"other": other, **_week(appointment.service, day, moving=appointment)}


def _week(service: Service, day: date, moving: Appointment | None = None) -> dict[str, Any]:
    """The free times of a week by day, or why they are not known."""
    step = timedelta(days=7)
    week = {"day": day, "next": day + step, "before": day - step, "times": [], "unknown": ""}
    try:
        free = desk.free_week(service, day, moving=moving)
    except CalendarError as error:
        return {**week, "unknown": _unknown(error)}
    zone = service.company.zone
    by_day: dict[date, list[Any]] = {}
    for start in free:
        by_day.setdefault(start.astimezone(zone).date(), []).append(start)
    return {**week, "times": list(by_day.items())}


def _unknown(error: CalendarError) -> str:
    return _with_id(_("The calendar does not tell at this moment what is free: %(words)s") % {"words": error})


def _nearest(service: Service, start: Any) -> list[Any]:
    try:
        return desk.nearest_free(service, start)
    except CalendarError:
        return []


def _services(request: HttpRequest) -> Any:
    companies = visible_companies(request)
    rows = Service.objects.filter(is_active=True, company__is_active=True, calcom_event_type_id__isnull=False)
    return (rows if companies is None else rows.filter(company__in=companies)).select_related("company")


def _known_of(like: Appointment | None) -> dict[str, Any]:
    if like is None:
        return {}
    customer = like.customer
    phone = (customer.phone if customer else None) or (like.call.caller_phone if like.call else None)
    return {"name": words_for_staff.who(like), "phone": phone, "email": like.attendee_email, "notes": like.notes}


def _outcome(made: Appointment) -> tuple[int, str]:
    words = {"appointment": words_for_staff.named(made)}
    if made.status == Status.SCHEDULED:
        return messages.SUCCESS, _("Booked: %(appointment)s.") % words
    if made.status == Status.FAILED:
        return messages.ERROR, _with_id(_("Not booked: the calendar has refused it. A follow-up says what to do."))
    return messages.WARNING, _(
        "The calendar has not confirmed it yet: %(appointment)s. It is not booked before."
    ) % words


def _moved(changed: Appointment) -> str:
    words = {"appointment": words_for_staff.named(changed)}
    if changed.status == Status.SCHEDULED:
        return _("Moved: %(appointment)s.") % words
    return _("Asked for in the calendar, where it still has to be confirmed: %(appointment)s.") % words


def _told(request: HttpRequest, error: Exception, appointment: Appointment) -> HttpResponseRedirect:
    appointment.refresh_from_db(fields=["status"])
    level = messages.WARNING if isinstance(error, OutcomeUnknown) else messages.ERROR
    messages.add_message(request, level, _with_id(words_for_staff.trouble(error, appointment)))
    return _back(appointment)


def _with_id(words: str) -> str:
    return f"{words.rstrip('.')}. {correlation.told()}"


def _back(appointment: Appointment) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:appointments_appointment_change", args=(appointment.pk,)))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
