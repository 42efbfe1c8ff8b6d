from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from .conftest import MONDAY, NINE, TEN, message


def at(hour: int, minute: int = 0) -> str:
    return f"{MONDAY}T{hour:02}:{minute:02}:00.000Z"


def test_working_day_is_cut_into_slots(client, haircut):
    assert client.free(haircut) == [at(hour) for hour in range(9, 17)]


def test_days_without_slots_are_missing(client, haircut):
    assert client.slots(haircut, start="2035-01-06", end="2035-01-07").json()["data"] == {}


def test_booked_slot_is_gone(client, haircut):
    client.booked(haircut)
    assert at(9) not in client.free(haircut)


def test_slots_go_on_where_a_booking_ends(client):
    long, short = client.add_account(event_types=[{}, {"length_minutes": 30}])["event_types"]
    client.booked(short["id"], f"{MONDAY}T09:30:00Z")
    assert client.free(long["id"])[0] == at(10)


def test_interval_sets_how_often_a_slot_starts(client):
    event_type = client.add_account(event_types=[{"slot_interval": 30}])["event_types"][0]["id"]
    assert client.free(event_type)[:3] == [at(9), at(9, 30), at(10)]


def test_zone_gives_local_days_and_offsets(client, haircut):
    data = client.slots(haircut, timeZone="Pacific/Auckland").json()["data"]
    assert data["2035-01-08"][0]["start"] == "2035-01-08T22:00:00.000+13:00"
    assert data["2035-01-09"][0]["start"] == "2035-01-09T00:00:00.000+13:00"


def test_zero_offset_of_a_real_zone_is_not_z(client, haircut):
    assert client.free(haircut, timeZone="Europe/London")[0] == f"{MONDAY}T09:00:00.000+00:00"


def test_working_hours_follow_the_clocks_of_the_host(client):
    event_type = client.add_account(time_zone="Europe/Berlin")["event_types"][0]["id"]
    friday, monday = "2035-03-23", "2035-03-26"
    assert client.free(event_type, start=friday, end=friday)[0] == f"{friday}T08:00:00.000Z"
    assert client.free(event_type, start=monday, end=monday)[0] == f"{monday}T07:00:00.000Z"


def test_range_format_adds_the_ends(client, haircut):
    assert client.slots(haircut, format="range").json()["data"][MONDAY][0] == {"start": at(9), "end": at(10)}


def test_end_at_midnight_means_the_whole_day(client, haircut):
    assert client.free(haircut, end=f"{MONDAY}T00:00:00Z")[-1] == at(16)


def test_slot_must_end_within_the_range(client, haircut):
    assert client.free(haircut, start=NINE, end=f"{MONDAY}T10:30:00Z") == [at(9)]


def test_range_that_starts_between_slots_gives_the_next_full_ones(client, haircut):
    assert client.free(haircut, start=f"{MONDAY}T09:10:00Z")[0] == at(10)


def test_notice_hides_the_next_hours(client):
    notice = {"minimum_notice_minutes": 26 * 60, "length_minutes": 5}
    always = [{"days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]}]
    schedule = [{**hours, "startTime": "00:00", "endTime": "24:00"} for hours in always]
    event_type = client.add_account(schedule=schedule, event_types=[notice])["event_types"][0]["id"]
    today = datetime.now(UTC)
    free = client.free(event_type, start=today.isoformat(), end=(today + timedelta(days=2)).isoformat())
    assert datetime.fromisoformat(free[0]) >= today + timedelta(hours=26)


def test_override_replaces_a_day(client):
    overrides = [{"date": MONDAY, "startTime": "12:00", "endTime": "13:00"}]
    event_type = client.add_account(overrides=overrides)["event_types"][0]["id"]
    assert client.free(event_type) == [at(12)]


def test_booking_to_move_does_not_hide_its_time(client, haircut):
    uid = client.booked(haircut)["uid"]
    assert at(9) in client.free(haircut, bookingUidToReschedule=uid)


def test_event_type_by_user_and_slug(client, haircut):
    params = {"username": "anna", "eventTypeSlug": "type-0", "start": MONDAY, "end": MONDAY}
    assert MONDAY in client.call("GET", "/v2/slots", params=params).json()["data"]


def test_unknown_event_type_is_404(client, haircut):
    answer = client.slots(999)
    assert (answer.status_code, message(answer)) == (404, "Event Type not found")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"startTime": MONDAY}, "startTime property is wrong,property startTime should not exist "),
        ({"timeZone": "CET+1"}, "timeZone property is wrong,timeZone must be a valid IANA time-zone "),
        ({"start": "2035-01-09"}, "Invalid time range given - check the 'start' and 'end' query parameters."),
    ],
)
def test_wrong_query_is_refused(client, haircut, params, text):
    answer = client.slots(haircut, **params)
    assert (answer.status_code, message(answer)) == (400, text)


def test_status_key_can_be_missing(client, haircut):
    client.control("settings", {"slots_have_status": False})
    assert set(client.slots(haircut).json()) == {"data"}


def reserve(client, event_type: int, start: str = NINE, **fields):
    body = {"eventTypeId": event_type, "slotStart": start, **fields}
    return client.call("POST", "/v2/slots/reservations", json=body)


def test_reservation_lasts_five_minutes(client, haircut):
    data = reserve(client, haircut).json()["data"]
    assert (data["slotStart"], data["slotEnd"], data["reservationDuration"]) == (at(9), at(10), 5)
    left = datetime.fromisoformat(data["reservationUntil"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_reservation_hides_the_slot_and_blocks_other_reservations(client, haircut):
    reserve(client, haircut)
    assert client.free(haircut)[0] == at(10)
    answer = reserve(client, haircut)
    assert answer.status_code == 422
    assert message(answer).startswith("This time slot is already reserved by another user.")


def test_reservation_hides_the_time_of_its_host_in_all_of_their_event_types(client):
    long, short = client.add_account(event_types=[{}, {"length_minutes": 30}])["event_types"]
    other = client.add_account("bert")["event_types"][0]["id"]
    reserve(client, long["id"])
    assert client.free(short["id"])[0] == at(10)
    assert client.free(other)[0] == at(9)


def test_reservation_blocks_others_of_its_event_type_only(client):
    one, other = (row["id"] for row in client.add_account(event_types=[{}, {}])["event_types"])
    reserve(client, one)
    assert reserve(client, other).status_code == 201


def test_reservation_runs_out(client, haircut):
    reserve(client, haircut)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        assert client.free(haircut)[0] == at(9)
        assert reserve(client, haircut).status_code == 201


def test_reservation_neither_blocks_a_booking_nor_goes_with_it(client, haircut):
    reserve(client, haircut)
    booked = client.book(haircut)
    assert booked.status_code == 201
    client.call("POST", f"/v2/bookings/{booked.json()['data']['uid']}/cancel", json={"cancellationReason": "ill"})
    assert client.free(haircut)[0] == at(10)


def test_reservation_of_a_time_with_an_unconfirmed_booking_is_refused(client):
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    client.booked(event_type)
    assert reserve(client, event_type).status_code == 422


def test_reservation_refuses_its_own_renewal(client, haircut):
    path = f"/v2/slots/reservations/{reserve(client, haircut).json()['data']['reservationUid']}"
    assert client.call("PATCH", path, json={"eventTypeId": haircut, "slotStart": NINE}).status_code == 422


def test_reservation_of_a_booked_time_is_refused(client, haircut):
    client.booked(haircut)
    assert message(reserve(client, haircut)) == "Can't reserve a slot if the event is already booked."


def test_reservation_asks_nobodys_working_hours(client, haircut):
    assert reserve(client, haircut, "2035-01-07T03:00:00Z").status_code == 201


def test_own_duration_needs_the_owners_key(client, haircut):
    client.add_account("bert")
    client.api_key = ""
    assert reserve(client, haircut, reservationDuration=9).status_code == 401
    client.api_key = "cal_bert"
    assert reserve(client, haircut, reservationDuration=9).status_code == 403
    client.api_key = "cal_anna"
    assert reserve(client, haircut, reservationDuration=9).json()["data"]["reservationDuration"] == 9


def test_released_reservation_frees_the_slot_and_may_be_released_again(client, haircut):
    path = f"/v2/slots/reservations/{reserve(client, haircut).json()['data']['reservationUid']}"
    assert client.call("GET", path).json()["data"]["slotStart"] == at(9)
    assert client.call("DELETE", path).json() == {"status": "success"}
    assert client.call("DELETE", path).status_code == 200
    assert client.call("GET", path).json()["data"] is None
    assert client.free(haircut)[0] == at(9)


def test_reservation_can_be_moved(client, haircut):
    path = f"/v2/slots/reservations/{reserve(client, haircut).json()['data']['reservationUid']}"
    moved = client.call("PATCH", path, json={"eventTypeId": haircut, "slotStart": TEN})
    assert moved.json()["data"]["slotStart"] == at(10)
    assert client.free(haircut)[:2] == [at(9), at(11)]


def test_reservation_of_an_unknown_event_type_is_404(client, haircut):
    assert message(reserve(client, 999)) == "Event Type with ID=999 not found"


def test_reservation_for_a_team_event_without_hosts_is_refused(client):
    event_type = client.add_account(event_types=[{"scheduling_type": "roundRobin"}])["event_types"][0]["id"]
    assert message(reserve(client, event_type)) == "Cannot reserve a slot for a team event without any hosts"
