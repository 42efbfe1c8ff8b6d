"""CalcomMCPServer through the gateway's pipeline, against the sandbox."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from appointments import availability
from appointments.calendar import calendar_of
from appointments.models import Appointment, Company, Service
from calcom.errors import CalcomError, ErrorKind
from calcom.mcp_servers import ERRORS, gateway_error
from mcp_gateway import gateway
from mcp_gateway.errors import Conflict, DeadlineExceeded, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, registry
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.servers import free_port

pytestmark = pytest.mark.django_db

METHODS = {
    "testConnection": {},
    "getEventTypes": {},
    "checkAvailability": {"event_type_id": 1, "start": SLOT.isoformat(), "end": (SLOT + HOUR).isoformat()},
    "reserveSlot": {"event_type_id": 1, "start": SLOT.isoformat()},
    "releaseSlot": {"uid": "abc"},
    "createBooking": {
        "event_type_id": 1,
        "start": SLOT.isoformat(),
        "attendee": {"name": "Erika", "email": "erika@example.com"},
        "booking_key": "key-1",
    },
    "rescheduleBooking": {"uid": "abc", "start": SLOT.isoformat()},
    "cancelBooking": {"uid": "abc"},
    "confirmBooking": {"uid": "abc"},
    "getBooking": {"uid": "abc"},
    "getBookings": {},
}
# After these nobody knows any more who is free when.
FORGETTING = ["createBooking", "rescheduleBooking", "cancelBooking", "confirmBooking", "releaseSlot"]


@dataclass(frozen=True, kw_only=True)
class TimeForOneRequest(Context):
    requests: list[float] = field(default_factory=list)

    def seconds_left(self) -> float:
        if self.requests:
            raise DeadlineExceeded
        self.requests.append(5)
        return 5


def call(company: Company, method: str, **params: Any) -> Any:
    return gateway.call(f"calcom.{method}", params, principal=Principal.of_task("test", company.pk))


def failure(company: Company, method: str, **params: Any) -> GatewayError:
    with pytest.raises(GatewayError) as raised:
        call(company, method, **params)
    return raised.value


def book(company: Company, control: CalcomControl, **changes: Any) -> Any:
    params = {**METHODS["createBooking"], "event_type_id": control.ids["haircut"], **changes}
    return call(company, "createBooking", **params)


def at(moment: datetime) -> str:
    """As the gateway's answers write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def remembered(company: Company, service: Service) -> list[datetime]:
    """The starts from SLOT on that callers are told, as they are remembered for a minute."""
    return availability.calendar_starts(calendar_of(company), service, SLOT, SLOT + 3 * HOUR)


def test_the_published_names() -> None:
    published = {name.removeprefix("calcom.") for name in registry.methods if name.startswith("calcom.")}
    assert published >= set(METHODS)


def test_test_connection_names_the_account(company: Company) -> None:
    assert call(company, "testConnection") == {
        "username": "salon",
        "email": "salon@salon.example",
        "time_zone": "UTC",
    }


@pytest.mark.parametrize("method", METHODS)
def test_without_a_key_nothing_is_sent(company: Company, control: CalcomControl, method: str) -> None:
    company.calcom_api_key = " "
    company.save()
    error = failure(company, method, **METHODS[method])
    assert (type(error), error.kind) == (Conflict, "not_configured")
    assert control.requests() == []


def test_event_types_are_in_our_words(company: Company, control: CalcomControl) -> None:
    haircut = next(known for known in call(company, "getEventTypes") if known["slug"] == "haircut")
    assert (haircut["id"], haircut["length_in_minutes"]) == (control.ids["haircut"], 60)
    assert haircut["minimum_booking_notice"] == 120


def test_result_schemas_name_what_is_answered(company: Company) -> None:
    schema = registry.methods["calcom.testConnection"].result.json_schema()
    assert set(schema["properties"]) == set(call(company, "testConnection"))


def test_each_company_uses_its_own_key(company: Company, control: CalcomControl) -> None:
    control.add_account("barber", "cal_live_barber_987654321", [{"title": "Shave", "slug": "shave"}])
    barber = Company.objects.create(
        name="Barber", slug="barber", calcom_api_key="cal_live_barber_987654321", calcom_base_url=control.base_url
    )
    assert [known["slug"] for known in call(barber, "getEventTypes")] == ["shave"]
    assert "shave" not in [known["slug"] for known in call(company, "getEventTypes")]
    keys = [row["headers"]["authorization"] for row in control.requests()]
    assert keys == ["Bearer cal_live_barber_987654321", f"Bearer {API_KEY}"]


def test_availability(company: Company, control: CalcomControl) -> None:
    window = {"start": SLOT.isoformat(), "end": (SLOT + 2 * HOUR).isoformat()}
    answer = call(company, "checkAvailability", event_type_id=control.ids["haircut"], **window)
    assert answer == {"starts": [at(SLOT), at(SLOT + HOUR)]}


def test_a_window_that_ends_before_it_starts_is_refused(company: Company, control: CalcomControl) -> None:
    window = {"start": SLOT.isoformat(), "end": SLOT.isoformat()}
    assert isinstance(failure(company, "checkAvailability", event_type_id=1, **window), InvalidParams)
    assert control.requests() == []


def test_availability_for_a_booking_that_is_to_be_moved(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    window = {"start": SLOT.isoformat(), "end": (SLOT + HOUR).isoformat()}
    asked = {"event_type_id": control.ids["haircut"], **window}
    assert call(company, "checkAvailability", **asked) == {"starts": []}
    assert call(company, "checkAvailability", **asked, moving_uid=uid) == {"starts": [at(SLOT)]}


def test_times_without_a_zone_are_refused(company: Company) -> None:
    naive = {"start": "2026-12-01T10:00:00", "end": "2026-12-01T11:00:00"}
    assert isinstance(failure(company, "checkAvailability", event_type_id=1, **naive), InvalidParams)


def reserve(company: Company, control: CalcomControl, **changes: Any) -> Any:
    return call(company, "reserveSlot", event_type_id=control.ids["haircut"], start=SLOT.isoformat(), **changes)


def test_a_reservation_tells_its_uid_and_its_end(company: Company, control: CalcomControl) -> None:
    reserved = reserve(company, control, minutes=10)
    assert set(reserved) == {"uid", "until"}
    left = datetime.fromisoformat(reserved["until"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


@pytest.mark.parametrize("minutes", [0, -1, 121])
def test_reservations_last_up_to_two_hours(company: Company, control: CalcomControl, minutes: int) -> None:
    with pytest.raises(InvalidParams):
        reserve(company, control, minutes=minutes)
    assert control.requests() == []


def test_a_reserved_time_is_a_conflict(company: Company, control: CalcomControl) -> None:
    reserve(company, control)
    with pytest.raises(Conflict) as raised:
        reserve(company, control)
    assert (raised.value.kind, raised.value.retryable) == ("slot_taken", False)


def test_releasing_gives_the_time_back_and_counts_as_done_again(company: Company, control: CalcomControl) -> None:
    uid = reserve(company, control)["uid"]
    for _ in range(2):
        assert call(company, "releaseSlot", uid=uid) is None
    assert reserve(company, control)["uid"] != uid


def test_a_reservation_that_calcom_does_not_know_counts_as_released(company: Company, control: CalcomControl) -> None:
    told = {"status": "error", "error": {"code": "NotFoundException", "message": "Slot with uid=abc not found"}}
    control.fault("reply", "/v2/slots/reservations/abc", status=404, body=told)
    assert call(company, "releaseSlot", uid="abc") is None


def test_a_lost_answer_to_a_reservation_is_an_unknown_outcome(company: Company, control: CalcomControl) -> None:
    control.fault("reset", "/v2/slots/reservations", when="after")
    with pytest.raises(UpstreamError) as raised:
        reserve(company, control)
    assert raised.value.kind == "unknown_outcome"


@pytest.mark.parametrize("method", FORGETTING)
@pytest.mark.parametrize("outcome", ["refused", "lost"])
def test_whoever_writes_makes_us_forget_the_slots_however_it_ends(
    company: Company, service: Service, control: CalcomControl, method: str, outcome: str
) -> None:
    remembered(company, service)
    control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())
    assert SLOT in remembered(company, service)
    if outcome == "lost":
        control.fault("reset", ".*")
    with suppress(GatewayError):
        call(company, method, **METHODS[method])
    assert SLOT not in remembered(company, service)


def test_a_booking_is_not_offered_any_more(company: Company, service: Service, control: CalcomControl) -> None:
    assert SLOT in remembered(company, service)
    uid = book(company, control)["uid"]
    assert SLOT not in remembered(company, service)
    call(company, "cancelBooking", uid=uid)
    assert SLOT in remembered(company, service)


def test_writing_leaves_what_is_remembered_for_others(
    company: Company, service: Service, control: CalcomControl
) -> None:
    other = Company.objects.create(name="Other", slug="other", calcom_api_key=API_KEY, calcom_base_url=control.base_url)
    remembered(company, service)
    asked = len(control.requests())
    call(other, "releaseSlot", uid="abc")
    remembered(company, service)
    assert len(control.requests()) == asked + 1


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(FORGETTING)))
def test_reading_and_reserving_leave_what_is_remembered(
    company: Company, service: Service, control: CalcomControl, method: str
) -> None:
    remembered(company, service)
    asked = len(control.requests())
    with suppress(GatewayError):
        call(company, method, **METHODS[method])
    remembered(company, service)
    assert len(control.requests()) == asked + 1


def test_a_booking_carries_its_key_and_the_companys_zone(company: Company, control: CalcomControl) -> None:
    booking = book(company, control, metadata={"call_id": "call_1", "booking_key": "somebody else's"})
    assert booking["metadata"] == {"call_id": "call_1", "booking_key": "key-1"}
    assert (booking["start"], booking["status"]) == (at(SLOT), "accepted")
    assert control.bookings()[0]["attendees"][0]["timeZone"] == "Europe/Berlin"


def test_a_taken_slot_is_a_conflict(company: Company, control: CalcomControl) -> None:
    book(company, control)
    with pytest.raises(Conflict) as raised:
        book(company, control, booking_key="key-2")
    assert (raised.value.kind, raised.value.retryable) == ("slot_taken", False)
    assert "already has booking" in raised.value.data["vendor_message"]


def test_an_older_booking_of_the_same_attendee_is_not_taken_for_ours(company: Company, control: CalcomControl) -> None:
    book(company, control, event_type_id=control.ids["colour"])
    with pytest.raises(Conflict) as raised:
        book(company, control, event_type_id=control.ids["colour"], booking_key="key-2")
    assert raised.value.kind == "slot_taken"
    assert len(control.bookings()) == 1


def test_a_repeat_with_the_same_key_is_the_same_booking(company: Company, control: CalcomControl) -> None:
    first = book(company, control, event_type_id=control.ids["colour"])
    assert book(company, control, event_type_id=control.ids["colour"])["uid"] == first["uid"]


def test_cancelling(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    assert call(company, "cancelBooking", uid=uid)["status"] == "cancelled"
    assert control.bookings()[0]["status"] == "cancelled"


def test_cancelled_already_counts_as_done(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    call(company, "cancelBooking", uid=uid, reason="ill")
    assert call(company, "cancelBooking", uid=uid, reason="ill")["status"] == "cancelled"


def test_a_moved_booking_is_not_reported_as_cancelled(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    moved = call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat())
    error = failure(company, "cancelBooking", uid=uid)
    assert (error.kind, error.data["booking_uid"]) == ("rescheduled_already", moved["uid"])


def test_moving(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    moved = call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat(), reason="later")
    assert (moved["start"], moved["rescheduled_from_uid"]) == (at(SLOT + HOUR), uid)
    assert moved["metadata"] == {"booking_key": "key-1"}


def test_moving_again_to_the_same_start_counts_as_done(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    moved = call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat())
    again = call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat())
    assert again["uid"] == moved["uid"]
    assert len(control.bookings()) == 2


def test_moving_again_to_another_start_is_a_conflict(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat())
    error = failure(company, "rescheduleBooking", uid=uid, start=(SLOT + 2 * HOUR).isoformat())
    assert (type(error), error.kind) == (Conflict, "rescheduled_already")


@pytest.mark.parametrize("method", ["cancelBooking", "rescheduleBooking"])
def test_a_change_that_was_made_already_and_can_not_be_looked_at_in_time_is_unknown(
    company: Company, control: CalcomControl, method: str
) -> None:
    params = {"uid": book(company, control)["uid"]}
    if method == "rescheduleBooking":
        params["start"] = (SLOT + HOUR).isoformat()
    call(company, method, **params)
    change = registry.methods[f"calcom.{method}"]
    context = TimeForOneRequest(principal=Principal.of_task("test", company.pk), company=company)
    with pytest.raises(UpstreamError) as raised:
        change.function(context, **change.validated(params))
    assert raised.value.kind == "unknown_outcome"


@pytest.mark.parametrize("method", ["cancelBooking", "rescheduleBooking"])
def test_another_companys_booking_is_not_found(
    company: Company, service: Service, control: CalcomControl, method: str
) -> None:
    uid = book(company, control)["uid"]
    Appointment.objects.create(
        company=company, service=service, starts_at=SLOT, ends_at=SLOT + HOUR, calcom_booking_uid=uid
    )
    other = Company.objects.create(
        name="Other", slug="other", calcom_api_key="cal_live_x", calcom_base_url=control.base_url
    )
    error = failure(other, method, **{**METHODS[method], "uid": uid})
    assert (type(error), error.kind) == (NotFound, "not_found")
    assert control.bookings()[0]["status"] == "accepted"


def test_another_companys_reservation_is_not_found(company: Company, service: Service, control: CalcomControl) -> None:
    uid = reserve(company, control)["uid"]
    Appointment.objects.create(
        company=company, service=service, starts_at=SLOT, ends_at=SLOT + HOUR, reservation_uid=uid
    )
    other = Company.objects.create(name="Other", slug="other", calcom_api_key=API_KEY, calcom_base_url=control.base_url)
    assert isinstance(failure(other, "releaseSlot", uid=uid), NotFound)
    with pytest.raises(Conflict):
        reserve(company, control)


@pytest.mark.parametrize("method", ["cancelBooking", "releaseSlot"])
@pytest.mark.parametrize("uid", ["../me", "a/b", "", "x" * 65])
def test_a_uid_cannot_lead_to_another_path(company: Company, control: CalcomControl, method: str, uid: str) -> None:
    assert isinstance(failure(company, method, uid=uid), InvalidParams)
    assert control.requests() == []


def test_bookings_leave_out_cancelled_ones_unless_asked(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    call(company, "cancelBooking", uid=uid)
    assert call(company, "getBookings") == []
    assert [booking["uid"] for booking in call(company, "getBookings", status=["cancelled"])] == [uid]


def test_bookings_by_event_type_attendee_and_time(company: Company, control: CalcomControl) -> None:
    book(company, control)
    later = book(company, control, start=(SLOT + timedelta(days=1)).isoformat(), booking_key="key-2")
    found = call(
        company,
        "getBookings",
        event_type_id=control.ids["haircut"],
        attendee_email="erika@example.com",
        start=(SLOT + HOUR).isoformat(),
    )
    assert [booking["uid"] for booking in found] == [later["uid"]]


def test_a_short_budget_ends_the_wait(company: Company, control: CalcomControl) -> None:
    control.fault("hang", "/v2/slots", seconds=1)
    params = {**METHODS["checkAvailability"], "event_type_id": control.ids["haircut"], "timeout_seconds": 0.2}
    error = failure(company, "checkAvailability", **params)
    assert (type(error), error.kind, error.retryable) == (UpstreamError, "unreachable", True)


def test_a_lost_answer_must_not_be_repeated(company: Company, control: CalcomControl) -> None:
    control.fault("reset", when="after", method="POST")
    with pytest.raises(UpstreamError) as raised:
        book(company, control)
    assert (raised.value.kind, raised.value.retryable) == ("unknown_outcome", False)


def test_nobody_there(company: Company) -> None:
    company.calcom_base_url = f"http://127.0.0.1:{free_port()}"
    company.save()
    error = failure(company, "testConnection")
    assert (type(error), error.kind, error.retryable) == (UpstreamError, "unreachable", True)


def test_a_wrong_key_is_told_without_the_key(company: Company) -> None:
    company.calcom_api_key = "cal_live_wrong_0123456789"
    company.save()
    error = failure(company, "testConnection")
    assert (type(error), error.kind, error.retryable) == (UpstreamError, "unauthorised", False)
    assert "cal_live_wrong" not in f"{error!r} {error.message} {error.data}"


def test_too_many_requests_carry_the_pause(company: Company, control: CalcomControl) -> None:
    control.post("settings", rate_limit=0)
    error = failure(company, "testConnection")
    assert (error.kind, error.retryable) == ("rate_limited", True)
    assert 0 < error.data["retry_after"] <= 60


def test_a_booking_is_seen_as_what_it_has_become(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    moved = call(company, "rescheduleBooking", uid=uid, start=(SLOT + HOUR).isoformat())
    again = call(company, "rescheduleBooking", uid=moved["uid"], start=(SLOT + 2 * HOUR).isoformat())
    seen = call(company, "getBooking", uid=uid)
    assert (seen["uid"], seen["start"]) == (again["uid"], again["start"])


def test_a_cancelled_booking_is_seen_to_be(company: Company, control: CalcomControl) -> None:
    uid = book(company, control)["uid"]
    call(company, "cancelBooking", uid=uid)
    assert call(company, "getBooking", uid=uid)["status"] == "cancelled"


def test_every_kind_of_error_has_a_sentence_of_ours() -> None:
    assert set(ERRORS) == set(ErrorKind)
    for kind in ErrorKind:
        error = gateway_error(CalcomError(kind, "Cal.com's own words"))
        assert error.kind == kind
        assert "own words" not in error.message


def test_healthy_with_a_key(company: Company) -> None:
    assert registry.servers["calcom"].health().status == "ok"


def test_degraded_when_no_active_company_has_a_key(company: Company, control: CalcomControl) -> None:
    Company.objects.update(is_active=False)
    Company.objects.create(name="New", slug="new")
    assert registry.servers["calcom"].health().status == "degraded"
    assert control.requests() == []
