"""The client against the sandbox: what goes out, what comes back, and what each failure is taken for."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calcom.client import CalcomClient
from calcom.errors import CalcomError, ErrorKind
from calcom.types import NewBooking, Reservation
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.servers import free_port

BOOKING_PATHS = "/v2/bookings.*"
RESERVATIONS = "/v2/slots/reservations"
HTML = b"<html>Bad Gateway</html>"
LOST_ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("hang", {"seconds": 1}),
    ("reset", {}),
    ("malformed", {}),
    ("reply", {"status": 502, "body": HTML}),
    ("reply", {"status": 500, "body": {"statusCode": 500, "message": "Internal server error"}}),
]


@pytest.fixture
def calcom(control: CalcomControl) -> CalcomClient:
    return CalcomClient(control.base_url, API_KEY)


@pytest.fixture
def impatient(control: CalcomControl) -> CalcomClient:
    return CalcomClient(control.base_url, API_KEY, timeout=0.3)


@pytest.fixture
def new(control: CalcomControl) -> Callable[..., NewBooking]:
    def make(**changes: Any) -> NewBooking:
        fields = {
            "event_type_id": control.ids["haircut"],
            "start": SLOT,
            "name": "Erika Mustermann",
            "email": "erika@example.com",
            "phone": "+493012345678",
            "language": "de",
            "time_zone": "Europe/Berlin",
            "notes": "",
            "metadata": {"booking_key": "key-1"},
        }
        return NewBooking(**{**fields, **changes})

    return make


def last_request(control: CalcomControl) -> dict[str, Any]:
    return control.requests()[-1]


def last_body(control: CalcomControl) -> dict[str, Any]:
    return json.loads(last_request(control)["body"])


def failure(action: Callable[[], Any]) -> CalcomError:
    with pytest.raises(CalcomError) as raised:
        action()
    return raised.value


def test_me_tells_whom_the_key_belongs_to(calcom: CalcomClient) -> None:
    account = calcom.me()
    assert (account.username, account.email, account.time_zone) == ("salon", "salon@salon.example", "UTC")


def test_event_types_include_hidden_ones(calcom: CalcomClient) -> None:
    assert {known.slug: known.hidden for known in calcom.event_types()}["staff"] is True


def test_each_path_gets_its_version(calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]) -> None:
    calcom.me()
    calcom.event_types()
    calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR)
    calcom.release(calcom.reserve(control.ids["haircut"], SLOT, 10).uid)
    calcom.bookings()
    uid = calcom.book(new()).uid
    calcom.booking(uid)
    moved = calcom.reschedule(uid, SLOT + 2 * HOUR, "later")
    calcom.cancel(moved.uid, "ill")
    assert [row["headers"].get("cal-api-version") for row in control.requests()] == [
        None,
        "2024-06-14",
        *["2024-09-04"] * 3,
        *["2024-08-13"] * 5,
    ]


def test_every_request_carries_key_and_correlation_id(calcom: CalcomClient, control: CalcomControl) -> None:
    calcom.me()
    headers = last_request(control)["headers"]
    assert headers["authorization"] == f"Bearer {API_KEY}"
    assert headers["x-correlation-id"]


def test_free_starts_are_those_in_the_half_open_window(calcom: CalcomClient, control: CalcomControl) -> None:
    found = calcom.free_starts(control.ids["haircut"], SLOT, SLOT + 3 * HOUR)
    assert found == [SLOT, SLOT + HOUR, SLOT + 2 * HOUR]


def test_free_starts_leave_out_taken_ones(calcom: CalcomClient, control: CalcomControl) -> None:
    control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + 2 * HOUR) == [SLOT + HOUR]


def test_a_window_that_ends_at_midnight_does_not_reach_into_the_next_day(
    calcom: CalcomClient, control: CalcomControl
) -> None:
    midnight = SLOT.replace(hour=0)
    found = calcom.free_starts(control.ids["haircut"], midnight - timedelta(days=1), midnight)
    assert found
    assert max(found) < midnight


def test_free_starts_are_the_same_instants_in_any_zone(calcom: CalcomClient, control: CalcomControl) -> None:
    found = calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR, time_zone="Asia/Tokyo")
    assert found == [SLOT]
    assert found[0].utcoffset() == timedelta()


def test_a_booking_that_would_move_away_is_in_nobodys_way(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]
) -> None:
    uid = calcom.book(new()).uid
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR) == []
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR, moving_uid=uid) == [SLOT]


def test_slots_need_no_status(calcom: CalcomClient, control: CalcomControl) -> None:
    control.post("settings", slots_have_status=False)
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR) == [SLOT]


def minutes_left(reservation: Reservation) -> int:
    return round((reservation.until - datetime.now(UTC)) / timedelta(minutes=1))


def test_a_reserved_time_is_not_offered_until_it_is_released(calcom: CalcomClient, control: CalcomControl) -> None:
    reservation = calcom.reserve(control.ids["haircut"], SLOT, 10)
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + 2 * HOUR) == [SLOT + HOUR]
    calcom.release(reservation.uid)
    assert calcom.free_starts(control.ids["haircut"], SLOT, SLOT + 2 * HOUR) == [SLOT, SLOT + HOUR]


def test_reserve_sends_what_calcom_takes(calcom: CalcomClient, control: CalcomControl) -> None:
    reservation = calcom.reserve(control.ids["haircut"], SLOT, 10)
    assert last_body(control) == {
        "eventTypeId": control.ids["haircut"],
        "slotStart": f"{SLOT:%Y-%m-%dT%H:%M:%S}.000Z",
        "reservationDuration": 10,
    }
    assert minutes_left(reservation) == 10


def test_whoever_may_not_say_for_how_long_gets_calcoms_five_minutes(control: CalcomControl) -> None:
    control.add_account("barber", "cal_live_barber", [])
    reservation = CalcomClient(control.base_url, "cal_live_barber").reserve(control.ids["haircut"], SLOT, 10)
    assert ["reservationDuration" in row["body"] for row in control.requests()] == [True, False]
    assert minutes_left(reservation) == 5


def test_a_reserved_time_can_be_booked_all_the_same(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]
) -> None:
    calcom.reserve(control.ids["haircut"], SLOT, 10)
    assert calcom.book(new()).start == SLOT


def test_a_reserved_time_is_taken_for_other_reservations(calcom: CalcomClient, control: CalcomControl) -> None:
    calcom.reserve(control.ids["haircut"], SLOT, 10)
    error = failure(lambda: calcom.reserve(control.ids["haircut"], SLOT, 10))
    assert (error.kind, error.status) == (ErrorKind.SLOT_TAKEN, 422)


def test_a_booked_time_is_taken_for_reservations(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]
) -> None:
    calcom.book(new())
    error = failure(lambda: calcom.reserve(control.ids["haircut"], SLOT, 10))
    assert (error.kind, error.status) == (ErrorKind.SLOT_TAKEN, 422)


def test_a_reservation_of_an_unknown_event_type(calcom: CalcomClient) -> None:
    assert failure(lambda: calcom.reserve(99, SLOT, 10)).kind is ErrorKind.NOT_FOUND


def test_a_reservation_with_a_wrong_key(control: CalcomControl) -> None:
    stranger = CalcomClient(control.base_url, "cal_live_wrong")
    assert failure(lambda: stranger.reserve(control.ids["haircut"], SLOT, 10)).kind is ErrorKind.UNAUTHORISED


@pytest.mark.parametrize(
    ("names", "uid"),
    [
        ({"reservationUid": "abc"}, "abc"),
        ({"uid": "abc"}, "abc"),
        ({"reservationUid": None, "uid": "abc"}, "abc"),
        ({"reservationUid": "abc", "uid": "other"}, "abc"),
        ({"reservationUid": None}, ""),
        ({}, ""),
    ],
)
def test_a_reservations_uid_has_two_names_or_is_missing(
    calcom: CalcomClient, control: CalcomControl, names: dict[str, Any], uid: str
) -> None:
    answer = {"status": "success", "data": {**names, "reservationUntil": "2035-01-08T09:10:00.000Z"}}
    control.fault("reply", RESERVATIONS, status=201, body=answer)
    reservation = calcom.reserve(control.ids["haircut"], SLOT, 10)
    assert (reservation.uid, reservation.until) == (uid, datetime(2035, 1, 8, 9, 10, tzinfo=UTC))


def test_a_reservation_without_an_end_is_no_answer(calcom: CalcomClient, control: CalcomControl) -> None:
    control.fault("reply", RESERVATIONS, status=201, body={"status": "success", "data": {"reservationUid": "abc"}})
    assert failure(lambda: calcom.reserve(control.ids["haircut"], SLOT, 10)).kind is ErrorKind.UNKNOWN_OUTCOME


def test_releasing_twice_is_done_once(calcom: CalcomClient, control: CalcomControl) -> None:
    uid = calcom.reserve(control.ids["haircut"], SLOT, 10).uid
    calcom.release(uid)
    calcom.release(uid)
    assert [row["method"] for row in control.requests()] == ["POST", "DELETE", "DELETE"]


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_lost_answer_leaves_the_reservation_unknown(
    impatient: CalcomClient, control: CalcomControl, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, RESERVATIONS, when="after", **fields)
    assert failure(lambda: impatient.reserve(control.ids["haircut"], SLOT, 10)).kind is ErrorKind.UNKNOWN_OUTCOME
    assert impatient.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR) == []
    assert len(control.requests()) == 2


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_lost_answer_leaves_the_release_unknown(
    impatient: CalcomClient, control: CalcomControl, action: str, fields: dict[str, Any]
) -> None:
    uid = impatient.reserve(control.ids["haircut"], SLOT, 10).uid
    control.fault(action, f"{RESERVATIONS}/.*", when="after", **fields)
    assert failure(lambda: impatient.release(uid)).kind is ErrorKind.UNKNOWN_OUTCOME
    assert impatient.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR) == [SLOT]


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_slots_that_can_not_be_read_are_unreachable(
    impatient: CalcomClient, control: CalcomControl, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, "/v2/slots", **fields)
    error = failure(lambda: impatient.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR))
    assert error.kind is ErrorKind.UNREACHABLE


@pytest.mark.parametrize("ask", ["free_starts", "reserve", "release"])
def test_too_many_requests_change_no_reservation(calcom: CalcomClient, control: CalcomControl, ask: str) -> None:
    control.post("settings", rate_limit=0)
    asked = {
        "free_starts": lambda: calcom.free_starts(control.ids["haircut"], SLOT, SLOT + HOUR),
        "reserve": lambda: calcom.reserve(control.ids["haircut"], SLOT, 10),
        "release": lambda: calcom.release("abc"),
    }
    assert failure(asked[ask]).kind is ErrorKind.RATE_LIMITED
    assert len(control.requests()) == 1


def test_a_path_that_calcom_does_not_have_is_no_missing_reservation(
    calcom: CalcomClient, control: CalcomControl
) -> None:
    told = {"error": {"code": "NotFoundException", "message": f"Cannot DELETE {RESERVATIONS}/abc"}}
    control.fault("reply", f"{RESERVATIONS}/abc", status=404, body=told)
    assert failure(lambda: calcom.release("abc")).kind is ErrorKind.REFUSED


def test_book_sends_what_calcom_takes(calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]) -> None:
    booking = calcom.book(new(notes="by the window"))
    assert last_body(control) == {
        "eventTypeId": control.ids["haircut"],
        "start": f"{SLOT:%Y-%m-%dT%H:%M:%S}.000Z",
        "attendee": {
            "name": "Erika Mustermann",
            "email": "erika@example.com",
            "timeZone": "Europe/Berlin",
            "language": "de",
            "phoneNumber": "+493012345678",
        },
        "metadata": {"booking_key": "key-1"},
        "bookingFieldsResponses": {"notes": "by the window"},
    }
    assert (booking.start, booking.end, booking.status) == (SLOT, SLOT + HOUR, "accepted")
    assert booking.booking_key == "key-1"


def test_empty_notes_are_not_sent(calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]) -> None:
    calcom.book(new(notes=""))
    assert "bookingFieldsResponses" not in last_body(control)


@pytest.mark.parametrize("phone", [None, "030 12345678", "anonymous", "+1"])
def test_a_phone_number_that_is_not_e164_is_left_out(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any], phone: str | None
) -> None:
    calcom.book(new(phone=phone))
    assert "phoneNumber" not in last_body(control)["attendee"]


def test_metadata_is_cut_to_calcoms_limits(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]
) -> None:
    calcom.book(new(metadata={"k" * 50: "v" * 600}))
    assert control.bookings()[0]["metadata"] == {"k" * 40: "v" * 500}


def test_a_moved_booking_has_a_new_uid(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    old = calcom.book(new())
    moved = calcom.reschedule(old.uid, SLOT + HOUR, "later")
    assert (moved.rescheduled_from_uid, moved.start) == (old.uid, SLOT + HOUR)
    assert calcom.booking(old.uid).rescheduled_to_uid == moved.uid


def test_a_cancelled_booking_says_so(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    cancelled = calcom.cancel(calcom.book(new()).uid, "ill")
    assert (cancelled.status, cancelled.cancellation_reason) == ("cancelled", "ill")


def test_the_list_always_names_statuses(calcom: CalcomClient, control: CalcomControl) -> None:
    calcom.bookings()
    assert last_request(control)["query"]["status"] == "upcoming,past,unconfirmed"


def test_the_list_is_filtered(calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]) -> None:
    wanted = calcom.book(new(email="erika+1@example.com"))
    calcom.book(new(start=SLOT + HOUR))
    calcom.book(new(start=SLOT + timedelta(days=1), email="erika+1@example.com"))
    found = calcom.bookings(
        event_type_id=control.ids["haircut"], attendee_email="erika+1@example.com", start=SLOT, end=SLOT + HOUR
    )
    assert [booking.uid for booking in found] == [wanted.uid]


def test_the_list_follows_pages(calcom: CalcomClient, control: CalcomControl) -> None:
    for hours in range(251):
        start = SLOT + hours * HOUR
        control.post("bookings", event_type_id=control.ids["haircut"], start=start.isoformat())
    assert len({booking.uid for booking in calcom.bookings()}) == 251


def test_a_list_without_end_is_refused_instead_of_cut_off(calcom: CalcomClient, control: CalcomControl) -> None:
    page = {"status": "success", "data": [], "pagination": {"hasNextPage": True}}
    control.fault("reply", status=200, body=page, times=99)
    assert failure(calcom.bookings).kind is ErrorKind.REFUSED
    assert len(control.requests()) == 4


def test_a_taken_slot(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    calcom.book(new())
    error = failure(lambda: calcom.book(new(email="other@example.com")))
    assert (error.kind, error.status) == (ErrorKind.SLOT_TAKEN, 400)


def test_a_booking_in_the_past_is_refused(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    error = failure(lambda: calcom.book(new(start=SLOT - timedelta(days=30))))
    assert (error.kind, error.message) == (ErrorKind.REFUSED, "Attempting to book a meeting in the past.")


def test_an_unknown_event_type(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    assert failure(lambda: calcom.book(new(event_type_id=99))).kind is ErrorKind.NOT_FOUND


def test_cancelled_twice(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    uid = calcom.book(new()).uid
    calcom.cancel(uid, "ill")
    assert failure(lambda: calcom.cancel(uid, "ill")).kind is ErrorKind.ALREADY_CANCELLED


def test_moved_twice_names_the_successor(calcom: CalcomClient, new: Callable[..., Any]) -> None:
    uid = calcom.book(new()).uid
    moved = calcom.reschedule(uid, SLOT + HOUR, "later")
    error = failure(lambda: calcom.reschedule(uid, SLOT + 2 * HOUR, "later"))
    assert (error.kind, error.rescheduled_to) == (ErrorKind.RESCHEDULED_ALREADY, moved.uid)


def test_an_unknown_booking(calcom: CalcomClient) -> None:
    error = failure(lambda: calcom.booking("nobody"))
    assert error.kind is ErrorKind.NOT_FOUND
    assert error.x_request_id


def test_a_wrong_key(control: CalcomControl) -> None:
    assert failure(CalcomClient(control.base_url, "cal_live_wrong").me).kind is ErrorKind.UNAUTHORISED


def test_too_many_requests_say_when_to_come_back(calcom: CalcomClient, control: CalcomControl) -> None:
    control.post("settings", rate_limit=1)
    calcom.me()
    error = failure(calcom.me)
    assert error.kind is ErrorKind.RATE_LIMITED
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 60


def envelope(message: str) -> dict[str, Any]:
    return {"status": "error", "error": {"code": "X", "message": message, "details": {}}}


def bare(status: int, message: str) -> dict[str, Any]:
    return {"statusCode": status, "message": message}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (409, bare(409, "booking_conflict_error"), ErrorKind.UNKNOWN_OUTCOME),
        (409, envelope("No more seats left at this seated booking."), ErrorKind.SLOT_TAKEN),
        (403, bare(403, "Cannot use this email to create the booking."), ErrorKind.REFUSED),
        (403, envelope("checkBookingRequiresAuthentication - no"), ErrorKind.UNAUTHORISED),
        (404, envelope("Cannot POST /v2/bookings"), ErrorKind.REFUSED),
        (429, HTML, ErrorKind.RATE_LIMITED),
        (500, bare(500, "Internal server error"), ErrorKind.UNKNOWN_OUTCOME),
        (500, bare(500, "User either already has booking at this time or is not available"), ErrorKind.UNKNOWN_OUTCOME),
        (404, HTML, ErrorKind.UNKNOWN_OUTCOME),
        (308, None, ErrorKind.UNKNOWN_OUTCOME),
        (200, envelope("Something else"), ErrorKind.UNKNOWN_OUTCOME),
        (200, envelope("User either already has booking at this time or is not available"), ErrorKind.SLOT_TAKEN),
        (201, {"status": "success"}, ErrorKind.UNKNOWN_OUTCOME),
        (201, {"status": "success", "data": {"id": 1}}, ErrorKind.UNKNOWN_OUTCOME),
        (201, [], ErrorKind.UNKNOWN_OUTCOME),
    ],
)
def test_what_an_answer_to_a_booking_is_taken_for(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any], status: int, body: Any, kind: ErrorKind
) -> None:
    control.fault("reply", status=status, body=body, headers={"Location": "/v2/me"})
    error = failure(lambda: calcom.book(new()))
    assert (error.kind, error.status) == (kind, status)
    # Neither repeated nor redirected.
    assert len(control.requests()) == 1


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_lost_answer_leaves_the_booking_unknown(
    impatient: CalcomClient, control: CalcomControl, new: Callable[..., Any], action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, when="after", method="POST", **fields)
    assert failure(lambda: impatient.book(new())).kind is ErrorKind.UNKNOWN_OUTCOME
    assert [row["metadata"] for row in control.bookings()] == [{"booking_key": "key-1"}]


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_read_that_fails_is_unreachable(
    impatient: CalcomClient, control: CalcomControl, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, BOOKING_PATHS, **fields)
    assert failure(impatient.bookings).kind is ErrorKind.UNREACHABLE


def test_a_refused_connection_has_sent_nothing(new: Callable[..., Any]) -> None:
    nobody = CalcomClient(f"http://127.0.0.1:{free_port()}", API_KEY)
    assert failure(lambda: nobody.book(new())).kind is ErrorKind.UNREACHABLE


@pytest.mark.parametrize("key", ["cal_live\nX-Evil: 1", "cal_live_…"])
def test_a_key_that_fits_no_header_is_refused_unsent(control: CalcomControl, key: str) -> None:
    assert failure(CalcomClient(control.base_url, key).me).kind is ErrorKind.REFUSED
    assert control.requests() == []


def test_neither_key_nor_names_reach_log_or_error(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # The key lies where the excerpt ends.
    told = f"erika@example.com may not use this key: {'.' * 150}{API_KEY}"
    control.fault("reply", status=400, body=envelope(told))
    error = failure(lambda: calcom.book(new()))
    assert API_KEY[:8] not in f"{error!r} {error} {error.message} {caplog.text}"
    assert "erika" not in f"{error} {caplog.text}"
    assert "refused" in caplog.text


def test_only_an_excerpt_of_calcoms_text_is_kept(
    calcom: CalcomClient, control: CalcomControl, new: Callable[..., Any]
) -> None:
    control.fault("reply", status=400, body=envelope("x" * 5000))
    assert failure(lambda: calcom.book(new())).message == "x" * 200
