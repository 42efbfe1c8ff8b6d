"""What Cal.com says of a booking, written down in our rows. Nothing is written to Cal.com here.

    the row whose booking it is     follows: moved, cancelled, or (while it waits for confirmation) given up
    a row that waits for an answer  is left to the booking service, which is told to look now
    a booking that nobody here has  becomes a row, if it is of a service of ours: availability and staff see it
    what contradicts a row          is a person's task

News may come twice, late and in any order. So nothing is taken from it but which booking to look at, save that a
booking is over: that is final, and told before Cal.com itself shows it. A row only ever follows its own booking's
chain of moves forward; where two moved it at the same moment, the later one counts. A row that somebody is changing
at this moment is left alone: BeingChanged, try again later.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments import calendar, calendar_news, changes
from appointments.booking import STALE_READS, placeholder_email
from appointments.follow_ups import follow_up
from appointments.models import Appointment, Company, FollowUp, Service
from appointments.staff_language import for_staff
from calcom.mirrored_rows import mirror, phone_of
from calcom.told import Absence, Told, uuid_of
from calcom.types import Booking
from mcp_gateway.errors import NotFound
from mcp_gateway.principal import Principal

Status = Appointment.Status

LIVE = (Status.BOOKING, Status.SCHEDULED)
# So many moves are followed back to the row whose booking it was.
MAX_MOVES = 10
# So many of a customer's bookings are looked at for one that comes from the same as another.
MAX_BESIDE = 5


class Outcome(StrEnum):
    MIRRORED = "mirrored"
    MOVED = "moved"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    UNCHANGED = "unchanged"
    DIFFERENT = "different"
    NOT_OURS = "not_ours"


class Look(Protocol):
    """A booking as it is now: one that was moved as what it has become, unless `follow_moves` is off.

    Raises GatewayError, NotFound where Cal.com has none of that uid.
    """

    def __call__(self, uid: str, *, follow_moves: bool = True) -> Booking: ...


@dataclass(frozen=True)
class Mirror:
    """One company's rows and what its calendar says. Whatever changes stands in the audit trail as done `by`."""

    company: Company
    by: Principal
    look: Look

    def booked_or_moved(self, told: Told, *, is_request: bool = False) -> Outcome:
        """The booking was made, requested or confirmed, or has come in the place of another."""
        uid = told.subject
        if self._is_anothers(uid, told.key):
            return Outcome.NOT_OURS
        if row := self._row(calcom_booking_uid=uid):
            if row.status == Status.BOOKING and not is_request:
                calendar_news.look_again(row)
            return Outcome.UNCHANGED
        if not self._concerns(told):
            return Outcome.NOT_OURS
        return self.compare(self.look(uid), seen_at=timezone.now())

    def is_over(self, told: Told, status: str) -> Outcome:
        """The booking was cancelled or rejected (`status`). One that no row has any more was moved since."""
        row = self._row(calcom_booking_uid=told.subject)
        if row is None and self._may_get(told):
            raise changes.BeingChanged("Whose booking it is may not be known yet")
        if row is None or row.status not in LIVE:
            return Outcome.UNCHANGED
        over = calendar.Booking(
            uid=row.calcom_booking_uid or "",
            id=row.calcom_booking_id or 0,
            start=row.starts_at,
            end=row.ends_at,
            status=status,
            booking_key=str(row.booking_key),
        )
        calendar_news.take_over(row, over, by=self.by, reason=told.reason)
        return Outcome.CANCELLED

    def attended(self, told: Told) -> Outcome:
        """Who came and who didn't; that somebody came after all is for people to correct here."""
        row = self._row(calcom_booking_uid=told.subject)
        is_past = row is not None and row.status == Status.SCHEDULED and row.starts_at < timezone.now()
        if row is None or not is_past or not _stayed_away(row, told.absences):
            return Outcome.UNCHANGED
        calendar_news.mark_no_show(row, by=self.by)
        return Outcome.NO_SHOW

    def compare(self, booking: Booking, *, seen_at: datetime) -> Outcome:
        """Bring our rows up to what Cal.com showed then."""
        if self._is_anothers(booking.uid, uuid_of(booking.booking_key)):
            return Outcome.NOT_OURS
        if row := self._row(calcom_booking_uid=booking.uid):
            return self._compare_own(row, booking, seen_at)
        if booking.rescheduled_to_uid:
            return Outcome.UNCHANGED
        row = self._row_of_key(uuid_of(booking.booking_key)) or self._row_before(booking) or self._row_beside(booking)
        return self._reconcile(row, booking) if row else self._mirror(booking, seen_at)

    def row_meant(self, told: Told) -> Appointment | None:
        """The row that the news must be about: by its key, or by the booking that was moved."""
        row = self._row_of_key(told.key)
        return row or (self._row(calcom_booking_uid=told.reschedule_uid) if told.reschedule_uid else None)

    def review(self, row: Appointment, told: str) -> Outcome:
        """Ask people to compare, once; what has passed is nobody's work any more."""
        if row.ends_at < timezone.now():
            return Outcome.UNCHANGED
        if not row.follow_ups.filter(kind=FollowUp.Kind.NEEDS_REVIEW, what_to_do=told).exists():
            follow_up(row, FollowUp.Kind.NEEDS_REVIEW, told)
        return Outcome.DIFFERENT

    def follow(self, row: Appointment, booking: Booking) -> Outcome:
        """The row's booking has become this one."""
        is_another = booking.uid != row.calcom_booking_uid
        if not is_another and not booking.is_over:
            return Outcome.UNCHANGED
        if is_another and self._row(calcom_booking_uid=booking.uid):
            calendar_news.drop_double(row, by=self.by)
            return Outcome.CANCELLED
        with _one_row_each():
            calendar_news.take_over(row, _known(booking), by=self.by, reason=booking.cancellation_reason)
        return Outcome.CANCELLED if booking.is_over else Outcome.MOVED

    def _compare_own(self, row: Appointment, booking: Booking, seen_at: datetime) -> Outcome:
        """A row and the booking whose uid it has."""
        if row.status in LIVE and booking.rescheduled_to_uid:
            now = self._seen(booking.uid)
            return self.follow(row, now) if now else Outcome.UNCHANGED
        if row.status in LIVE and booking.is_over:
            return self.follow(row, booking)
        if row.status == Status.BOOKING and booking.status == "accepted":
            calendar_news.look_again(row)
        if row.updated_at > seen_at - STALE_READS or booking.is_over:
            return Outcome.UNCHANGED
        if row.status == Status.SCHEDULED and row.starts_at != booking.start:
            told = _(
                "Booking %(uid)s is in the calendar at another time, %(when)s. Agree with the customer on one, and "
                "make both the same."
            )
            return self.review(row, for_staff(self.company, told, uid=booking.uid, when=booking.start))
        if row.status in (Status.CANCELLED, Status.FAILED):
            told = _(
                "Booking %(uid)s is in the calendar, but the appointment is %(state)s here: cancel it there, or book "
                "it anew."
            )
            return self.review(row, for_staff(self.company, told, uid=booking.uid, state=Status(row.status).label))
        return Outcome.UNCHANGED

    def _reconcile(self, row: Appointment, booking: Booking) -> Outcome:
        """A row and a booking that carries its key, or was once its booking, but has another uid."""
        if row.calcom_booking_uid is None or row.status not in LIVE:
            return self._late(row, booking)
        if booking.rescheduled_from_uid == row.calcom_booking_uid:
            return self.follow(row, booking)
        now = self._seen(row.calcom_booking_uid)
        if now is not None and now.uid == booking.uid:
            return self.follow(row, now)
        shown = self._seen(booking.uid)
        if shown is None or shown.is_over or shown.uid == row.calcom_booking_uid:
            return Outcome.UNCHANGED
        if now is None and row.updated_at > timezone.now() - STALE_READS:
            raise changes.BeingChanged("Cal.com may not show the appointment's booking yet")
        before, before_shown = (list(self._ancestors(one)) for one in (now, shown))
        if shown.uid in before:  # read from a copy that lags behind
            return Outcome.UNCHANGED
        if now is not None and now.uid in before_shown:
            return self.follow(row, shown)
        if now is not None and not set(before).isdisjoint(before_shown):
            # One booking was moved by two at the same moment.
            if now.is_over:
                return self.follow(row, shown)
            with _one_row_each():
                calendar_news.keep_later(row, _known(now), _known(shown), by=self.by)
            return Outcome.DIFFERENT
        told = _("There are two bookings in the calendar, %(one)s and %(other)s: cancel one.")
        return self.review(row, for_staff(self.company, told, one=row.calcom_booking_uid, other=shown.uid))

    def _late(self, row: Appointment, booking: Booking) -> Outcome:
        """The booking of a row that waits for it, or does not expect it any more."""
        if row.status == Status.BOOKING:
            calendar_news.look_again(row)
        given_up = row.status in (Status.CANCELLED, Status.FAILED, Status.EXPIRED)
        if not given_up or booking.is_over:
            return Outcome.UNCHANGED
        if row.status == Status.CANCELLED and booking.rescheduled_from_uid == row.calcom_booking_uid:
            return self._bring_back(row, booking)
        told = _(
            "Booking %(uid)s is in the calendar after all, but the appointment is %(state)s here. Call the customer: "
            "cancel it there, or let it stand."
        )
        return self.review(row, for_staff(self.company, told, uid=booking.uid, state=Status(row.status).label))

    def _bring_back(self, row: Appointment, booking: Booking) -> Outcome:
        """The row was cancelled, and its booking moved, at the same moment: what Cal.com has of it now counts."""
        shown = self._seen(booking.uid)
        if shown is None or shown.is_over:
            return Outcome.UNCHANGED
        with _one_row_each():
            calendar_news.bring_back(row, _known(shown), by=self.by)
        return Outcome.DIFFERENT

    def _ancestors(self, booking: Booking | None) -> Iterator[str]:
        """The uids of the bookings that it was before, the latest first."""
        uid = booking.rescheduled_from_uid if booking else ""
        for _move in range(MAX_MOVES):
            if not uid:
                return
            yield uid
            before = self._seen(uid, follow_moves=False)
            uid = before.rescheduled_from_uid if before else ""

    def _mirror(self, booking: Booking, seen_at: datetime) -> Outcome:
        """Make a row of what was booked in the calendar itself."""
        service = self._service_of(booking)
        if service is None:
            return Outcome.NOT_OURS
        if booking.status != "accepted" or booking.end <= booking.start:
            return Outcome.UNCHANGED
        if self._has_moved_one(booking.event_type_id, seen_at):
            # It may be the past of that one.
            shown = self.look(booking.uid)
            if shown.uid != booking.uid or shown.is_over:
                return self.compare(shown, seen_at=timezone.now())
        try:
            mirror(self.company, booking, service, by=self.by)
        except IntegrityError:
            if not Appointment.objects.filter(calcom_booking_uid=booking.uid).exists():  # nobody was quicker
                raise
            return Outcome.UNCHANGED
        return Outcome.MIRRORED

    def _concerns(self, told: Told) -> bool:
        """Whether it is worth a look: a row of ours is meant, or a service."""
        return self.row_meant(told) is not None or self._services(told.event_type).exists()

    def _is_anothers(self, uid: str, key: UUID | None) -> bool:
        """Two companies may use one account: what the other has booked is none of ours."""
        named = Q(calcom_booking_uid=uid) | (Q(booking_key=key) if key else Q())
        return Appointment.objects.filter(named).exclude(company=self.company).exists()

    def _row(self, **columns: Any) -> Appointment | None:
        rows = Appointment.objects.select_related("company", "service", "customer", "call")
        return rows.filter(company=self.company, **columns).first()

    def _row_of_key(self, key: UUID | None) -> Appointment | None:
        return self._row(booking_key=key) if key else None

    def _row_before(self, booking: Booking) -> Appointment | None:
        """The live row of a booking that this one has come from: its news may be late, or lost."""
        for uid in self._ancestors(booking):
            if row := self._row(calcom_booking_uid=uid):
                return row if row.status in LIVE else None
        return None

    def _row_beside(self, booking: Booking) -> Appointment | None:
        """The live row that has come from the same booking as this one, by another move at the same moment.

        Told by the customer's number, for a booking of the calendar's own has no key.
        """
        phone = phone_of(self.company, booking)
        if not booking.rescheduled_from_uid or phone is None:
            return None
        theirs = Appointment.objects.select_related("company", "service", "customer", "call").filter(
            company=self.company, customer__phone=phone, origin=Appointment.Origin.CALENDAR, status__in=LIVE
        )
        before = set(self._ancestors(booking))
        for row in theirs.filter(ends_at__gt=timezone.now()).order_by("starts_at")[:MAX_BESIDE]:
            now = self._seen(row.calcom_booking_uid or "", follow_moves=False)
            if not before.isdisjoint(self._ancestors(now)):
                return row
        return None

    def _seen(self, uid: str, *, follow_moves: bool = True) -> Booking | None:
        try:
            return self.look(uid, follow_moves=follow_moves)
        except NotFound:
            return None

    def _service_of(self, booking: Booking) -> Service | None:
        """Of several that are booked as one event type, the one that lasts as long."""
        services = list(self._services(booking.event_type_id).order_by("pk"))
        minutes = (booking.end - booking.start).total_seconds() / 60
        return next(
            (service for service in services if service.duration_minutes == minutes), next(iter(services), None)
        )

    def _services(self, event_type_id: int) -> QuerySet[Service]:
        return Service.objects.filter(
            company=self.company, is_active=True, calcom_event_type_id=event_type_id, calcom_event_type_id__gt=0
        )

    def _may_get(self, told: Told) -> bool:
        """Whether somebody here is about to learn that this booking is theirs."""
        services = self._services(told.event_type)
        return Appointment.objects.filter(changes.in_hand(), company=self.company, service__in=services).exists()

    def _has_moved_one(self, event_type_id: int, seen_at: datetime) -> bool:
        """Whether one of the calendar's own bookings, which have no key of ours, may just have been moved from here."""
        shown = seen_at - STALE_READS
        lately = Q(updated_at__gt=shown, created_at__lt=shown) | changes.in_hand()
        mirrored = Appointment.objects.filter(company=self.company, origin=Appointment.Origin.CALENDAR)
        return mirrored.filter(lately, service__in=self._services(event_type_id)).exists()


@contextmanager
def _one_row_each() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise changes.BeingChanged("Another row has just got this booking") from None


def _known(booking: Booking) -> calendar.Booking:
    """As the appointments know it."""
    return calendar.Booking(
        uid=booking.uid,
        id=booking.id,
        start=booking.start,
        end=booking.end,
        status=booking.status,
        booking_key=booking.booking_key,
    )


def _stayed_away(row: Appointment, absences: list[Absence]) -> bool:
    """Guests don't count: it is the one who has booked, or the only one."""
    addresses = {(row.attendee_email or "").casefold(), placeholder_email(row).casefold()} - {""}
    own = [absence for absence in absences if absence.email.casefold() in addresses]
    told = own or (absences if len(absences) == 1 else [])
    return bool(told) and told[0].no_show
