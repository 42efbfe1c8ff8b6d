"""Event types with seats: people share a booking, and each has a seat."""

import threading

import pytest

from .conftest import NINE, TEN, message

EVE = {"email": "eve@example.com", "name": "Eve"}


@pytest.fixture
def course(client) -> int:
    """Three seats in every hour."""
    return client.add_account(event_types=[{"seats_per_time_slot": 3}])["event_types"][0]["id"]


def change(client, uid: str, action: str, **body):
    return client.call("POST", f"/v2/bookings/{uid}/{action}", json=body)


def people(client, uid: str) -> list[str]:
    booking = client.call("GET", f"/v2/bookings/{uid}").json()["data"]
    return [attendee["name"] for attendee in booking["attendees"]]


def test_two_people_share_a_booking_and_have_seats_of_their_own(client, course):
    one, other = client.booked(course, metadata={"attempt": "7"}), client.booked(course, attendee=EVE)
    assert one["uid"] == other["uid"]
    assert one["seatUid"] != other["seatUid"]
    seats = [(seat["seatUid"], seat["metadata"]) for seat in other["attendees"]]
    assert seats == [(one["seatUid"], {"attempt": "7"}), (other["seatUid"], {})]
    assert "email" not in other["attendees"][0]["bookingFieldsResponses"]
    assert "metadata" not in other


def test_same_person_has_one_seat_only(client, course):
    client.booked(course)
    answer = client.book(course)
    assert answer.json() == {"statusCode": 409, "message": "already_signed_up_for_this_booking_error"}


def test_full_booking_is_409_in_envelope_a_and_hidden(client):
    course = client.add_account(event_types=[{"seats_per_time_slot": 1}])["event_types"][0]["id"]
    client.booked(course)
    answer = client.book(course, attendee=EVE)
    assert (answer.status_code, message(answer)) == (409, "No more seats left at this seated booking.")
    assert answer.json()["error"]["code"] == "ConflictException"
    assert "T09:00" not in client.free(course)[0]


def test_slot_tells_of_its_seats(client, course):
    uid = client.booked(course)["uid"]
    taken, empty = client.slots(course).json()["data"]["2035-01-08"][:2]
    assert taken == {
        "start": "2035-01-08T09:00:00.000Z",
        "seatsBooked": 1,
        "seatsRemaining": 2,
        "seatsTotal": 3,
        "bookingUid": uid,
    }
    assert (empty["seatsBooked"], "bookingUid" in empty) == (0, False)


def test_seats_of_others_are_the_hosts_business(client, course):
    one = client.booked(course)
    client.booked(course, attendee=EVE)
    assert people(client, one["uid"]) == ["Bob Berg", "Eve"]
    client.api_key = ""
    assert people(client, one["uid"]) == []
    seat = client.call("GET", f"/v2/bookings/by-seat/{one['seatUid']}", version="2024-08-13").json()["data"]
    assert [attendee["name"] for attendee in seat["attendees"]] == ["Bob Berg"]


def test_seat_is_given_back_alone(client, course):
    one, other = client.booked(course), client.booked(course, attendee=EVE)
    data = change(client, one["uid"], "cancel", seatUid=one["seatUid"], cancellationReason="ill").json()["data"]
    assert (data["status"], people(client, other["uid"])) == ("accepted", ["Eve"])
    answer = change(client, one["uid"], "cancel", seatUid=one["seatUid"], cancellationReason="ill")
    assert message(answer) == "Invalid seatUid: this seat does not exist or has already been cancelled."


def test_last_seat_takes_the_booking_with_it(client, course):
    one = client.booked(course)
    data = change(client, one["uid"], "cancel", seatUid=one["seatUid"], cancellationReason="ill").json()["data"]
    assert data["status"] == "cancelled"


def test_seat_of_another_booking_is_refused(client, course):
    one, later = client.booked(course), client.booked(course, TEN)
    answer = change(client, later["uid"], "cancel", seatUid=one["seatUid"], cancellationReason="ill")
    assert message(answer) == "Invalid seatUid: this seat does not belong to this booking."


def test_only_the_host_cancels_for_everybody(client, course):
    uid = client.booked(course)["uid"]
    client.api_key = ""
    assert change(client, uid, "cancel").json() == {"statusCode": 401, "message": "User not a host of this event"}
    client.api_key = "cal_anna"
    assert change(client, uid, "cancel", cancellationReason="ill").json()["data"]["status"] == "cancelled"


def test_seat_moves_alone_and_joins_who_is_there(client, course):
    one, other = client.booked(course), client.booked(course, attendee=EVE)
    later = client.booked(course, TEN, attendee={"email": "max@example.com", "name": "Max"})
    moved = change(client, one["uid"], "reschedule", start=TEN, seatUid=one["seatUid"])
    assert (moved.status_code, moved.json()["data"]["uid"]) == (201, later["uid"])
    assert people(client, later["uid"]) == ["Max", "Bob Berg"]
    assert people(client, other["uid"]) == ["Eve"]


def test_last_seat_that_moves_leaves_a_link(client, course):
    one = client.booked(course)
    moved = change(client, one["uid"], "reschedule", start=TEN, seatUid=one["seatUid"]).json()["data"]
    old = client.call("GET", f"/v2/bookings/{one['uid']}").json()["data"]
    assert (old["status"], old["rescheduledToUid"]) == ("cancelled", moved["uid"])
    assert (moved["rescheduledFromUid"], moved["seatUid"]) == (one["uid"], one["seatUid"])


def test_move_without_a_seat_and_without_a_key_is_a_server_error(client, course):
    uid = client.booked(course)["uid"]
    client.api_key = ""
    assert change(client, uid, "reschedule", start=TEN).json() == {
        "statusCode": 500,
        "message": "Internal server error",
    }


def test_reservation_of_a_full_booking_is_refused(client):
    course = client.add_account(event_types=[{"seats_per_time_slot": 1}])["event_types"][0]["id"]
    client.booked(course)
    answer = client.call("POST", "/v2/slots/reservations", json={"eventTypeId": course, "slotStart": NINE})
    assert (answer.status_code, message(answer)) == (
        422,
        f"Booking with id={course} at {NINE} has no more seats left.",
    )


def test_in_the_vendors_race_for_the_first_seat_one_is_wrongly_refused(client, course):
    client.control("settings", {"race_window_seconds": 1})
    answers = []
    threads = [
        threading.Thread(target=lambda who=who: answers.append(client.book(course, attendee=who))) for who in ({}, EVE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = max(answers, key=lambda answer: answer.status_code)
    assert refused.json() == {"statusCode": 409, "message": "booking_conflict_error"}
