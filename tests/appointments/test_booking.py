"""From a wish to a booking in Cal.com, and what comes of every other answer."""

import pytest
from django.core.cache import cache

from appointments.booking import book
from appointments.intents import book_wish
from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from appointments.wishes import booking_key, note_wish
from calcom import budget
from tests.appointments.wishing import CALLER, a_wish, an_ended_call, free_lease
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.factories import make_call, make_service
from tests.servers import free_port

Status = Appointment.Status
Kind = FollowUp.Kind


def booked(call: Call) -> Appointment:
    appointment = book_wish(call)
    assert appointment is not None
    return appointment


def asked_of_staff(kind: FollowUp.Kind) -> str:
    """What the only follow-up says is to be done."""
    follow_up = FollowUp.objects.get()
    assert (follow_up.kind, follow_up.status) == (kind, FollowUp.Status.OPEN)
    return follow_up.what_to_do


def take(control: CalcomControl, service: Service) -> None:
    """Somebody else books the time on the web page."""
    control.post("bookings", event_type_id=service.calcom_event_type_id, start=SLOT.isoformat())


def test_a_wish_becomes_a_booking(haircut: Service, control: CalcomControl) -> None:
    appointment = booked(an_ended_call(haircut))
    (kept,) = control.bookings()
    assert appointment.status == Status.SCHEDULED
    assert (appointment.calcom_booking_uid, appointment.calcom_booking_id) == (kept["uid"], kept["id"])
    assert (appointment.starts_at, appointment.ends_at) == (SLOT, SLOT + HOUR)
    assert not FollowUp.objects.exists()


def test_the_calendar_has_what_the_caller_said(haircut: Service, control: CalcomControl) -> None:
    booked(an_ended_call(haircut, email="erika@example.com", notes="by the window", language="en"))
    (kept,) = control.bookings()
    attendee = kept["attendees"][0]
    assert kept["start"] == f"{SLOT:%Y-%m-%dT%H:%M}:00.000Z"
    assert (attendee["name"], attendee["email"]) == ("Erika Beispiel", "erika@example.com")
    assert (attendee["phoneNumber"], attendee["language"]) == (CALLER, "en")
    assert kept["bookingFieldsResponses"]["notes"] == "by the window"


def test_the_booking_carries_its_key(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    booked(call)
    assert control.bookings()[0]["metadata"] == {"booking_key": str(booking_key(call)), "call_id": call.call_id}


def test_booking_five_times_is_booking_once(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    assert {booked(call).status for _ in range(5)} == {Status.SCHEDULED}
    assert len(control.bookings()) == len(control.requests()) == 1
    assert Appointment.objects.count() == Customer.objects.count() == 1


def test_a_call_that_goes_on_is_not_booked(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut, call={"status": Call.Status.ONGOING})
    assert book_wish(call) is None
    assert control.requests() == []


def test_a_call_without_a_wish_is_not_booked(salon: Company, control: CalcomControl) -> None:
    assert book_wish(make_call(salon, status=Call.Status.ENDED)) is None
    assert control.requests() == []
    assert not FollowUp.objects.exists()


def test_losing_the_cache_loses_no_booking(haircut: Service) -> None:
    call = an_ended_call(haircut)
    cache.clear()
    assert booked(Call.objects.get(pk=call.pk)).status == Status.SCHEDULED


def test_a_wish_that_can_not_be_read_any_more_is_left_to_staff(haircut: Service) -> None:
    call = an_ended_call(haircut, call={"status": Call.Status.ENDED})
    Call.objects.update(collected_data={"customer_name": "Erika"})
    cache.clear()
    assert [book_wish(Call.objects.get(pk=call.pk)) for _ in range(2)] == [None, None]
    assert "rufen Sie zurück" in asked_of_staff(Kind.NEEDS_REVIEW)


def test_a_taken_slot_is_told_to_staff_and_nothing_is_booked(haircut: Service, control: CalcomControl) -> None:
    take(control, haircut)
    appointment = booked(an_ended_call(haircut))
    assert (appointment.status, appointment.calcom_booking_uid) == (Status.FAILED, None)
    assert asked_of_staff(Kind.BOOKING_FAILED).startswith("Rufen Sie zurück und vereinbaren Sie eine andere Zeit")
    assert len(control.bookings()) == 1


def test_a_failed_wish_is_not_tried_again(haircut: Service, control: CalcomControl) -> None:
    take(control, haircut)
    call = an_ended_call(haircut)
    booked(call)
    asked = len(control.requests())
    assert booked(call).status == Status.FAILED
    assert len(control.requests()) == asked
    assert FollowUp.objects.count() == 1


def test_a_failed_wish_makes_no_customer(haircut: Service, control: CalcomControl) -> None:
    take(control, haircut)
    booked(an_ended_call(haircut))
    assert not Customer.objects.exists()


def test_a_service_that_is_gone_is_left_to_staff(haircut: Service) -> None:
    call = an_ended_call(haircut)
    haircut.delete()
    assert [book_wish(call) for _ in range(2)] == [None, None]
    assert asked_of_staff(Kind.NEEDS_REVIEW).startswith("Herrenhaarschnitt wird nicht mehr angeboten.")


def test_another_companys_service_is_not_booked(haircut: Service, other_company: Company) -> None:
    call = make_call(other_company, status=Call.Status.ENDED)
    note_wish(call, a_wish(haircut))
    assert book_wish(call) is None
    assert not Appointment.objects.exists()


def test_an_event_type_that_is_unknown_to_calcom_is_left_to_staff(salon: Company) -> None:
    service = make_service(salon, calcom_event_type_id=999_999)
    assert booked(an_ended_call(service)).status == Status.FAILED
    assert "999999 not found" in asked_of_staff(Kind.BOOKING_FAILED)


def test_a_service_without_an_event_type_says_what_to_do(salon: Company, control: CalcomControl) -> None:
    assert booked(an_ended_call(make_service(salon))).status == Status.FAILED
    assert asked_of_staff(Kind.BOOKING_FAILED) == (
        "Buchen Sie den Termin von Hand, oder rufen Sie zurück: "
        "Herrenhaarschnitt hat keinen Cal.com-Ereignistyp: Wählen Sie einen in den Einstellungen der Leistung."
    )
    assert control.requests() == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("cal_live_wrong_0123456789", "Cal.com nimmt den API-Schlüssel des Betriebs nicht an"),
        ("", "Für diesen Betrieb ist kein Cal.com-API-Schlüssel hinterlegt"),
    ],
)
def test_a_wrong_key_is_said_so_and_booked_once_it_is_mended(
    haircut: Service, salon: Company, control: CalcomControl, key: str, words: str
) -> None:
    salon.calcom_api_key = key
    salon.save()
    appointment = booked(an_ended_call(haircut))
    assert (appointment.status, control.bookings()) == (Status.BOOKING, [])
    assert appointment.last_error.startswith(words)
    salon.calcom_api_key = API_KEY
    salon.save()
    free_lease(appointment)
    assert book(Appointment.objects.get()).status == Status.SCHEDULED
    assert Appointment.objects.get().last_error == ""


def test_an_unreachable_calendar_is_tried_again_later(haircut: Service, salon: Company) -> None:
    salon.calcom_base_url = f"http://127.0.0.1:{free_port()}"
    salon.save()
    appointment = booked(an_ended_call(haircut))
    assert (appointment.status, appointment.sent_at) == (Status.BOOKING, None)
    assert appointment.last_error == "Cal.com ist nicht erreichbar"
    assert not FollowUp.objects.exists()


def test_what_waits_for_its_next_attempt_is_left_alone(haircut: Service, control: CalcomControl) -> None:
    control.post("settings", rate_limit=0)
    call = an_ended_call(haircut)
    asked = [booked(call) and len(control.requests()) for _ in range(3)]
    assert asked == [1, 1, 1]


def test_too_many_requests_are_tried_again_later(haircut: Service, control: CalcomControl) -> None:
    control.fault("reply", status=429, body={"status": "error", "error": {"message": "Too many requests."}})
    appointment = booked(an_ended_call(haircut))
    assert appointment.last_error == "Cal.com bittet um eine Pause: Too many requests."
    budget.forget_all()  # the pause is over
    free_lease(appointment)
    assert book(appointment).status == Status.SCHEDULED


def test_a_booking_at_another_time_is_cancelled_and_left_to_staff(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    shifted = control.post(
        "bookings",
        event_type_id=haircut.calcom_event_type_id,
        start=(SLOT + HOUR).isoformat(),
        metadata={"booking_key": str(booking_key(call))},
    )
    control.fault("reply", method="POST", status=201, body={"status": "success", "data": shifted})
    appointment = booked(call)
    assert (appointment.status, appointment.calcom_booking_uid) == (Status.FAILED, None)
    assert [row["status"] for row in control.bookings()] == ["cancelled"]
    assert "eine andere Zeit gebucht als gewünscht" in asked_of_staff(Kind.NEEDS_REVIEW)


def test_a_booking_at_another_time_that_can_not_be_cancelled_is_named(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    shifted = control.post(
        "bookings",
        event_type_id=haircut.calcom_event_type_id,
        start=(SLOT + HOUR).isoformat(),
        metadata={"booking_key": str(booking_key(call))},
    )
    control.fault("reply", method="POST", status=201, body={"status": "success", "data": shifted})
    control.fault("reply", "/v2/bookings/.*/cancel", status=500, body={"statusCode": 500, "message": "no"})
    assert booked(call).status == Status.FAILED
    assert f"Sagen Sie Buchung {shifted['uid']} von Hand ab" in asked_of_staff(Kind.NEEDS_REVIEW)


def test_a_fault_of_our_own_is_raised_and_counts_as_an_attempt(haircut: Service, broken_calendar: None) -> None:
    with pytest.raises(ZeroDivisionError):
        book_wish(an_ended_call(haircut, customer_name="Zero"))
    appointment = Appointment.objects.get()
    assert (appointment.status, appointment.attempts, appointment.last_error) == (
        Status.BOOKING,
        1,
        "ZeroDivisionError",
    )
