"""Cal.com as the business's calendar: what each outcome is taken for, against the sandbox."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest

from appointments.calendar import (
    BookingRefused,
    BookingRequest,
    Calendar,
    CalendarError,
    CalendarUnreachable,
    OutcomeUnknown,
    SlotTaken,
    calendar_of,
)
from appointments.models import Company, Service
from calcom.calendar import CalcomCalendar
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.servers import free_port

pytestmark = pytest.mark.django_db

KEY = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
LOST_ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("hang", {"seconds": 1}),
    ("reset", {}),
    ("malformed", {}),
    ("reply", {"status": 500, "body": {"statusCode": 500, "message": "Internal server error"}}),
    ("reply", {"status": 502, "body": b"<html>Bad Gateway</html>"}),
    ("reply", {"status": 409, "body": {"statusCode": 409, "message": "booking_conflict_error"}}),
]


@pytest.fixture
def calendar(company: Company) -> Calendar:
    return calendar_of(company)


@pytest.fixture
def wish(service: Service) -> BookingRequest:
    return BookingRequest(
        booking_key=KEY,
        service=service,
        start=SLOT,
        attendee_name="Erika Mustermann",
        attendee_email="erika@example.com",
        phone="+493012345678",
        language="de",
        notes="by the window",
        call_id="call_1",
    )


def in_a_hurry(company: Company) -> Calendar:
    return calendar_of(company, deadline=monotonic() + 0.3)


def other_wish(wish: BookingRequest, **changes: Any) -> BookingRequest:
    return replace(wish, **{"booking_key": uuid4(), **changes})


def all_calls(calendar: Calendar, wish: BookingRequest) -> dict[str, Callable[[], object]]:
    return {
        "free_starts": lambda: calendar.free_starts(wish.service, SLOT, SLOT + HOUR),
        "find": lambda: calendar.find(wish),
        "reserve": lambda: calendar.reserve(wish.service, SLOT, 10),
        "release": lambda: calendar.release("abc"),
        "book": lambda: calendar.book(wish),
        "move": lambda: calendar.move("abc", SLOT, "later"),
        "cancel": lambda: calendar.cancel("abc", "ill"),
        "confirm": lambda: calendar.confirm("abc"),
    }


def test_the_calendar_of_a_company_is_calcom(calendar: Calendar) -> None:
    assert isinstance(calendar, CalcomCalendar)


def test_free_starts(calendar: Calendar, service: Service) -> None:
    assert calendar.free_starts(service, SLOT, SLOT + 2 * HOUR) == [SLOT, SLOT + HOUR]


def test_a_booking_that_would_move_away_leaves_its_time_free(
    calendar: Calendar, service: Service, wish: BookingRequest
) -> None:
    uid = calendar.book(wish).uid
    assert calendar.free_starts(service, SLOT, SLOT + HOUR) == []
    assert calendar.free_starts(service, SLOT, SLOT + HOUR, moving_uid=uid) == [SLOT]


def test_a_reserved_time_is_not_offered_until_it_is_released(calendar: Calendar, service: Service) -> None:
    reservation = calendar.reserve(service, SLOT, 10)
    assert timedelta(minutes=9) < reservation.until - datetime.now(UTC) <= timedelta(minutes=10)
    assert calendar.free_starts(service, SLOT, SLOT + HOUR) == []
    calendar.release(reservation.uid)
    assert calendar.free_starts(service, SLOT, SLOT + HOUR) == [SLOT]


def test_what_is_reserved_already_is_taken(calendar: Calendar, service: Service) -> None:
    calendar.reserve(service, SLOT, 10)
    with pytest.raises(SlotTaken):
        calendar.reserve(service, SLOT, 10)


def test_releasing_twice_is_fine(calendar: Calendar, service: Service) -> None:
    uid = calendar.reserve(service, SLOT, 10).uid
    calendar.release(uid)
    calendar.release(uid)


def test_a_reservation_without_a_uid_holds_and_can_not_be_released(
    calendar: Calendar, control: CalcomControl, service: Service
) -> None:
    answer = {"data": {"reservationUid": None, "reservationUntil": "2035-01-08T09:10:00.000Z"}}
    control.fault("reply", "/v2/slots/reservations", status=201, body=answer)
    reservation = calendar.reserve(service, SLOT, 10)
    assert (reservation.uid, reservation.until) == ("", datetime(2035, 1, 8, 9, 10, tzinfo=UTC))
    with pytest.raises(BookingRefused):
        calendar.release(reservation.uid)


def test_booking(calendar: Calendar, control: CalcomControl, wish: BookingRequest) -> None:
    booking = calendar.book(wish)
    (kept,) = control.bookings()
    assert (booking.uid, booking.id) == (kept["uid"], kept["id"])
    assert (booking.start, booking.end, booking.status) == (SLOT, SLOT + HOUR, "accepted")
    assert booking.booking_key == str(KEY)
    assert kept["metadata"] == {"booking_key": str(KEY), "call_id": "call_1"}
    assert kept["bookingFieldsResponses"]["notes"] == "by the window"
    assert kept["attendees"][0]["phoneNumber"] == "+493012345678"


def test_a_taken_slot(calendar: Calendar, wish: BookingRequest) -> None:
    calendar.book(wish)
    with pytest.raises(SlotTaken):
        calendar.book(other_wish(wish, attendee_email="max@example.com"))


def test_the_attendees_older_booking_is_a_taken_slot(
    calendar: Calendar, control: CalcomControl, service: Service, wish: BookingRequest
) -> None:
    service.calcom_event_type_id = control.ids["colour"]
    calendar.book(wish)
    with pytest.raises(SlotTaken):
        calendar.book(other_wish(wish))


def test_a_time_in_the_past_is_refused_with_calcoms_reason(calendar: Calendar, wish: BookingRequest) -> None:
    with pytest.raises(BookingRefused, match=r"nimmt diese Anfrage nicht an: Attempting to book .* in the past"):
        calendar.book(other_wish(wish, start=SLOT - timedelta(days=30)))


def test_a_wish_without_a_name_is_refused(calendar: Calendar, control: CalcomControl, wish: BookingRequest) -> None:
    with pytest.raises(BookingRefused):
        calendar.book(other_wish(wish, attendee_name=""))
    assert control.bookings() == []


@pytest.mark.parametrize("method", ["free_starts", "find", "reserve", "book"])
def test_a_service_without_an_event_type_is_refused(
    calendar: Calendar, service: Service, wish: BookingRequest, method: str
) -> None:
    service.calcom_event_type_id = None
    with pytest.raises(BookingRefused, match="Haircut hat keinen"):
        all_calls(calendar, wish)[method]()


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_lost_answer_is_unknown_and_the_booking_is_found(
    company: Company, control: CalcomControl, wish: BookingRequest, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, when="after", method="POST", **fields)
    with pytest.raises(OutcomeUnknown):
        in_a_hurry(company).book(wish)
    found = calendar_of(company).find(wish)
    assert found is not None
    assert found.uid == control.bookings()[0]["uid"]


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS[:2])
def test_a_request_that_was_lost_before_its_work_is_unknown_and_nothing_is_found(
    company: Company, control: CalcomControl, wish: BookingRequest, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, method="POST", **fields)
    with pytest.raises(OutcomeUnknown):
        in_a_hurry(company).book(wish)
    assert calendar_of(company).find(wish) is None


@pytest.mark.parametrize("method", ["reserve", "release"])
@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS[:5])
def test_a_lost_answer_about_a_reservation_is_unknown(
    company: Company, control: CalcomControl, wish: BookingRequest, method: str, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, "/v2/slots/reservations.*", when="after", **fields)
    with pytest.raises(OutcomeUnknown):
        all_calls(in_a_hurry(company), wish)[method]()


@pytest.mark.parametrize("method", ["move", "cancel"])
def test_a_lost_answer_to_a_change_is_unknown(
    calendar: Calendar, control: CalcomControl, wish: BookingRequest, method: str
) -> None:
    uid = calendar.book(wish).uid
    changes = {"move": lambda: calendar.move(uid, SLOT + HOUR, "later"), "cancel": lambda: calendar.cancel(uid, "ill")}
    control.fault("reset", "/v2/bookings/.*", when="after", method="POST")
    with pytest.raises(OutcomeUnknown):
        changes[method]()
    # What was done is done once: the repeat finds it so.
    changes[method]()
    assert len(control.bookings()) == (2 if method == "move" else 1)


@pytest.mark.parametrize("method", ["free_starts", "find"])
@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS[:5])
def test_a_read_that_fails_is_unreachable_not_empty(
    company: Company, control: CalcomControl, wish: BookingRequest, method: str, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, ".*", **fields)
    with pytest.raises(CalendarUnreachable):
        all_calls(in_a_hurry(company), wish)[method]()


@pytest.mark.parametrize("seconds", [0.2, 0.6])
def test_no_request_lasts_beyond_the_deadline(
    company: Company, control: CalcomControl, wish: BookingRequest, seconds: float
) -> None:
    control.fault("hang", "/v2/slots", seconds=5)
    started = monotonic()
    with pytest.raises(CalendarUnreachable):
        calendar_of(company, deadline=started + seconds).free_starts(wish.service, SLOT, SLOT + HOUR)
    assert seconds - 0.01 <= monotonic() - started < seconds + 0.2


@pytest.mark.parametrize("method", ["move", "cancel"])
def test_a_change_that_was_made_already_and_can_not_be_seen_is_unknown(
    calendar: Calendar, control: CalcomControl, wish: BookingRequest, method: str
) -> None:
    uid = calendar.book(wish).uid
    changes = {"move": lambda: calendar.move(uid, SLOT + HOUR, "later"), "cancel": lambda: calendar.cancel(uid, "ill")}
    changes[method]()
    control.fault("reset", "/v2/bookings/.*", method="GET")
    with pytest.raises(OutcomeUnknown):
        changes[method]()


METHODS = ["free_starts", "find", "reserve", "release", "book", "move", "cancel", "confirm"]


@pytest.mark.parametrize("method", METHODS)
def test_after_the_deadline_nothing_is_sent(
    company: Company, control: CalcomControl, wish: BookingRequest, method: str
) -> None:
    with pytest.raises(CalendarUnreachable):
        all_calls(calendar_of(company, deadline=monotonic()), wish)[method]()
    assert control.requests() == []


@pytest.mark.parametrize("method", METHODS)
def test_nobody_there_is_unreachable(company: Company, wish: BookingRequest, method: str) -> None:
    company.calcom_base_url = f"http://127.0.0.1:{free_port()}"
    company.save()
    with pytest.raises(CalendarUnreachable):
        all_calls(calendar_of(company), wish)[method]()


@pytest.mark.parametrize("method", METHODS)
def test_too_many_requests_are_unreachable(
    calendar: Calendar, control: CalcomControl, wish: BookingRequest, method: str
) -> None:
    control.post("settings", rate_limit=0)
    with pytest.raises(CalendarUnreachable):
        all_calls(calendar, wish)[method]()


@pytest.mark.parametrize("key", ["", "cal_live_wrong_0123456789"])
def test_a_missing_or_wrong_key_can_be_mended_and_tried_again(
    company: Company, calendar: Calendar, wish: BookingRequest, key: str
) -> None:
    company.calcom_api_key = key
    company.save()
    with pytest.raises(CalendarUnreachable):
        calendar.book(wish)


@pytest.mark.parametrize("method", METHODS)
def test_a_fault_of_our_own_leaves_writes_unknown_and_reads_unreachable(
    calendar: Calendar, wish: BookingRequest, method: str
) -> None:
    calendar.company.calcom_api_key = None  # nobody thought of that
    expected = CalendarUnreachable if method in ("free_starts", "find") else OutcomeUnknown
    with pytest.raises(CalendarError) as raised:
        all_calls(calendar, wish)[method]()
    assert type(raised.value) is expected


@pytest.mark.parametrize("method", ["move", "cancel"])
def test_an_unknown_booking_is_refused(calendar: Calendar, wish: BookingRequest, method: str) -> None:
    with pytest.raises(BookingRefused):
        all_calls(calendar, wish)[method]()


def test_nobody_elses_booking_is_found(calendar: Calendar, wish: BookingRequest) -> None:
    calendar.book(other_wish(wish))
    assert calendar.find(wish) is None


def test_a_cancelled_booking_is_found_as_called_off(calendar: Calendar, wish: BookingRequest) -> None:
    uid = calendar.book(wish).uid
    calendar.cancel(uid, "ill")
    found = calendar.find(wish)
    assert found is not None
    assert (found.uid, found.is_over) == (uid, True)


def test_what_was_cancelled_at_another_time_is_of_an_earlier_wish(calendar: Calendar, wish: BookingRequest) -> None:
    calendar.cancel(calendar.book(replace(wish, start=SLOT + 2 * HOUR)).uid, "ill")
    assert calendar.find(wish) is None


def test_a_live_booking_is_found_before_one_that_was_called_off(calendar: Calendar, wish: BookingRequest) -> None:
    calendar.cancel(calendar.book(wish).uid, "ill")
    uid = calendar.book(wish).uid
    found = calendar.find(wish)
    assert found is not None
    assert found.uid == uid


def test_a_booking_that_was_moved_far_away_is_found(calendar: Calendar, wish: BookingRequest) -> None:
    moved = calendar.move(calendar.book(wish).uid, SLOT + timedelta(days=7), "later")
    assert calendar.find(wish) == moved


def test_a_booking_that_awaits_confirmation_is_found(
    calendar: Calendar, control: CalcomControl, service: Service, wish: BookingRequest
) -> None:
    service.calcom_event_type_id = control.ids["colour"]
    uid = calendar.book(wish).uid
    found = calendar.find(wish)
    assert found is not None
    assert (found.uid, found.status) == (uid, "pending")


def test_a_moved_booking_is_found_under_its_new_uid(calendar: Calendar, wish: BookingRequest) -> None:
    moved = calendar.move(calendar.book(wish).uid, SLOT + HOUR, "later")
    found = calendar.find(wish)
    assert found == moved


def test_a_booking_under_the_phone_number_is_found(
    calendar: Calendar, control: CalcomControl, service: Service, wish: BookingRequest
) -> None:
    service.calcom_event_type_id = control.ids["phone"]
    uid = calendar.book(wish).uid
    assert control.bookings()[0]["attendees"][0]["email"] == "493012345678@sms.cal.com"
    found = calendar.find(wish)
    assert found is not None
    assert found.uid == uid


def test_the_phone_number_is_looked_up_only_if_the_email_leads_nowhere(
    calendar: Calendar, control: CalcomControl, wish: BookingRequest
) -> None:
    calendar.book(wish)
    calendar.find(wish)
    asked = [row["query"]["attendeeEmail"] for row in control.requests() if row["method"] == "GET"]
    assert asked == ["erika@example.com"]


def test_moving(calendar: Calendar, wish: BookingRequest) -> None:
    booked = calendar.book(wish)
    moved = calendar.move(booked.uid, SLOT + 2 * HOUR, "later")
    assert moved.uid != booked.uid
    assert (moved.start, moved.booking_key) == (SLOT + 2 * HOUR, str(KEY))


def test_moving_to_a_taken_slot(calendar: Calendar, control: CalcomControl, wish: BookingRequest) -> None:
    control.post("bookings", event_type_id=control.ids["haircut"], start=(SLOT + HOUR).isoformat())
    with pytest.raises(SlotTaken):
        calendar.move(calendar.book(wish).uid, SLOT + HOUR, "later")


@pytest.mark.parametrize("reason", ["ill", ""])
def test_cancelling_twice_is_done_once(calendar: Calendar, wish: BookingRequest, reason: str) -> None:
    uid = calendar.book(wish).uid
    assert calendar.cancel(uid, reason).status == "cancelled"
    assert calendar.cancel(uid, reason).status == "cancelled"


def test_a_booking_that_staff_moved_is_not_cancelled_behind_their_back(
    calendar: Calendar, control: CalcomControl, wish: BookingRequest
) -> None:
    uid = calendar.book(wish).uid
    control.post(f"bookings/{uid}/reschedule", start=(SLOT + HOUR).isoformat())
    with pytest.raises(BookingRefused):
        calendar.cancel(uid, "ill")
    assert [row["status"] for row in control.bookings()] == ["cancelled", "accepted"]


def test_every_call_goes_through_the_gateway(
    calendar: Calendar, wish: BookingRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mcp-external")
    calendar.free_starts(wish.service, SLOT, SLOT + HOUR)
    calendar.release(calendar.reserve(wish.service, SLOT, 10).uid)
    uid = calendar.book(wish).uid
    calendar.find(wish)
    moved = calendar.move(uid, SLOT + HOUR, "later")
    calendar.cancel(moved.uid, "ill")
    assert [record.method for record in caplog.records if record.name == "mcp-external"] == [
        "checkAvailability",
        "reserveSlot",
        "releaseSlot",
        "createBooking",
        "getBookings",
        "rescheduleBooking",
        "cancelBooking",
    ]
