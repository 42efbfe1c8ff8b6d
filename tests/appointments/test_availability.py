"""What is free: the calendar's slots, remembered for a minute, minus what we have promised ourselves."""

from datetime import datetime, timedelta
from time import monotonic

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from time_machine import TimeMachineFixture

from appointments import availability
from appointments.availability import Period, busy, forget, free_starts, has_room
from appointments.calendar import CalendarError, CalendarUnreachable, calendar_of
from appointments.models import Appointment, Call, Company, Offer, Service
from tests.appointments.promises import promise
from tests.appointments.threads import at_once
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.factories import make_call, make_company, make_service

Status = Appointment.Status
DAY_BEGINS, DAY_ENDS = SLOT.replace(hour=0), SLOT.replace(hour=0) + timedelta(days=1)


def free(service: Service, first: datetime = DAY_BEGINS, last: datetime = DAY_ENDS, **more: Call) -> list[datetime]:
    calendar = calendar_of(service.company, deadline=monotonic() + 2)
    return free_starts(calendar, service, first, last, **more)


def looks(control: CalcomControl) -> int:
    return sum(row["path"] == "/v2/slots" for row in control.requests())


def test_what_the_calendar_offers_is_free(haircut: Service) -> None:
    assert free(haircut) == [SLOT.replace(hour=hour) for hour in range(8, 18)]


def test_a_second_question_about_the_same_days_is_answered_from_memory(
    haircut: Service, control: CalcomControl
) -> None:
    free(haircut)
    assert free(haircut, SLOT, SLOT + HOUR) == [SLOT]
    assert looks(control) == 1


def test_an_answer_is_remembered_for_a_minute_at_most(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture, in_memory: None
) -> None:
    free(haircut)
    time_machine.move_to(timezone.now() + timedelta(seconds=availability.REMEMBERED_SECONDS + 1))
    free(haircut)
    assert looks(control) == 2


def test_what_was_written_to_the_calendar_is_seen_at_once(haircut: Service, control: CalcomControl) -> None:
    free(haircut)
    control.post(
        "bookings", event_type_id=haircut.calcom_event_type_id, start=SLOT.isoformat(), email="a@salon.example"
    )
    forget(haircut.company_id)
    assert SLOT not in free(haircut)


def test_forgetting_one_companys_slots_leaves_anothers(haircut: Service, control: CalcomControl) -> None:
    free(haircut)
    forget(make_company().pk)
    free(haircut)
    assert looks(control) == 1


def test_an_answer_that_was_on_its_way_when_it_was_outdated_is_not_remembered(
    haircut: Service, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = calendar_of(haircut.company)
    real = calendar.free_starts

    def overtaken(*args: object, **kwargs: object) -> object:
        answer = real(*args, **kwargs)
        forget(haircut.company_id)
        return answer

    monkeypatch.setattr(calendar, "free_starts", overtaken)
    free_starts(calendar, haircut, DAY_BEGINS, DAY_ENDS)
    free(haircut)
    assert looks(control) == 2


def test_two_companies_with_the_same_event_type_number_have_memories_of_their_own(
    haircut: Service, control: CalcomControl
) -> None:
    other = make_company(calcom_api_key=API_KEY, calcom_base_url=control.base_url)
    free(haircut)
    free(make_service(other, duration_minutes=60, calcom_event_type_id=haircut.calcom_event_type_id))
    assert looks(control) == 2


@pytest.mark.parametrize("action", ["reset", "malformed", "reply"])
def test_an_error_is_neither_none_free_nor_remembered(haircut: Service, control: CalcomControl, action: str) -> None:
    control.fault(action, path="/v2/slots")
    with pytest.raises(CalendarUnreachable):
        free(haircut)
    assert SLOT in free(haircut)


def test_a_service_without_an_event_type_is_not_free(salon: Company) -> None:
    with pytest.raises(CalendarError):
        free(make_service(salon))


def test_many_who_ask_at_once_ask_the_calendar_once(
    transactional_db: None, haircut: Service, control: CalcomControl
) -> None:
    control.fault("delay", path="/v2/slots", seconds=0.3, times=20)
    answers = at_once(8, lambda _: free(haircut))
    assert all(SLOT in answer for answer in answers)
    assert looks(control) == 1


def test_who_waits_for_anothers_question_does_not_wait_beyond_the_deadline(
    transactional_db: None, haircut: Service, control: CalcomControl
) -> None:
    control.fault("hang", path="/v2/slots", seconds=5, times=20)

    def ask(_: int) -> str:
        try:
            free_starts(calendar_of(haircut.company, deadline=monotonic() + 0.5), haircut, DAY_BEGINS, DAY_ENDS)
        except CalendarUnreachable:
            return "unreachable"
        return "answered"

    assert set(at_once(3, ask)) == {"unreachable"}


@pytest.mark.parametrize("status", [Status.HELD, Status.BOOKING, Status.SCHEDULED])
def test_what_we_have_promised_is_not_free(haircut: Service, status: Status) -> None:
    promise(haircut, status=status)
    assert SLOT not in free(haircut)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED, Status.FAILED, Status.COMPLETED])
def test_what_is_over_is_in_nobodys_way(haircut: Service, status: Status) -> None:
    promise(haircut, status=status)
    assert SLOT in free(haircut)


def test_a_hold_that_has_run_out_is_in_nobodys_way(haircut: Service) -> None:
    promise(haircut, held_until=timezone.now() - timedelta(seconds=1))
    assert SLOT in free(haircut)


def test_what_overlaps_is_not_free_and_what_touches_is(haircut: Service) -> None:
    promise(haircut, SLOT + timedelta(minutes=30))
    found = free(haircut)
    assert [hour for hour in (9, 10, 11, 12) if SLOT.replace(hour=hour) in found] == [9, 12]


def test_another_companys_promise_is_in_nobodys_way(haircut: Service, control: CalcomControl) -> None:
    other = make_company(calcom_api_key=API_KEY, calcom_base_url=control.base_url)
    promise(make_service(other, duration_minutes=60, calcom_event_type_id=haircut.calcom_event_type_id))
    assert SLOT in free(haircut)


def test_two_services_of_one_event_type_are_in_each_others_way(haircut: Service) -> None:
    beard = make_service(
        haircut.company, name="Bart", duration_minutes=60, calcom_event_type_id=haircut.calcom_event_type_id
    )
    promise(beard)
    assert SLOT not in free(haircut)


def test_as_many_as_the_capacity_take_place_at_once(haircut: Service) -> None:
    haircut.parallel_capacity = 2
    promise(haircut)
    assert SLOT in free(haircut)
    promise(haircut)
    assert SLOT not in free(haircut)


def test_two_one_after_the_other_are_never_two_at_once(haircut: Service) -> None:
    haircut.parallel_capacity = 2
    taken = [Period(SLOT, SLOT + HOUR / 2), Period(SLOT + HOUR / 2, SLOT + HOUR)]
    assert has_room(haircut, SLOT, taken)


def test_a_calls_own_hold_is_not_in_its_way(haircut: Service) -> None:
    call = make_call(haircut.company)
    promise(haircut, call=call)
    assert SLOT in free(haircut, call=call)


def test_a_calls_own_booking_is_in_its_way(haircut: Service) -> None:
    call = make_call(haircut.company)
    promise(haircut, call=call, status=Status.SCHEDULED)
    assert SLOT not in free(haircut, call=call)


def test_a_time_kept_for_one_caller_is_not_free_for_another(haircut: Service) -> None:
    call, other = make_call(haircut.company), make_call(haircut.company)
    Offer.objects.create(
        call=call,
        service=haircut,
        position=0,
        starts_at=SLOT,
        ends_at=SLOT + HOUR,
        kept_until=timezone.now() + timedelta(minutes=1),
    )
    assert SLOT in free(haircut, call=call)
    assert SLOT not in free(haircut, call=other)


@pytest.mark.parametrize("kept_until", [None, timezone.now() - timedelta(minutes=1)])
def test_a_time_that_was_only_told_is_free_for_others(haircut: Service, kept_until: datetime | None) -> None:
    Offer.objects.create(
        call=make_call(haircut.company),
        service=haircut,
        position=0,
        starts_at=SLOT,
        ends_at=SLOT + HOUR,
        kept_until=kept_until,
    )
    assert SLOT in free(haircut)


def test_an_appointment_that_would_move_is_not_in_its_own_way(haircut: Service) -> None:
    appointment = promise(haircut, status=Status.SCHEDULED)
    assert busy(haircut, Period(SLOT, SLOT + HOUR)) == [Period(SLOT, SLOT + HOUR)]
    assert busy(haircut, Period(SLOT, SLOT + HOUR), moving=appointment) == []


def test_what_is_free_is_found_with_one_query(
    haircut: Service, django_assert_num_queries: DjangoAssertNumQueries, in_memory: None
) -> None:
    free(haircut)
    with django_assert_num_queries(1):
        free(haircut)


def test_a_ringing_phone_warms_the_memory(haircut: Service, control: CalcomControl) -> None:
    availability.warm(haircut.company)
    assert SLOT in free(haircut)
    assert looks(control) == 1


def test_many_ringing_phones_warm_it_once(haircut: Service, control: CalcomControl) -> None:
    availability.warm(haircut.company)
    forget(haircut.company_id)
    availability.warm(haircut.company)
    assert looks(control) == 1


def test_a_calendar_that_does_not_answer_is_asked_when_it_matters(haircut: Service, control: CalcomControl) -> None:
    control.fault("reset", path="/v2/slots")
    availability.warm(haircut.company)
    assert SLOT in free(haircut)
