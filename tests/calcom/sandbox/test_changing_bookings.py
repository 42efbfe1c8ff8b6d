import threading

import pytest

from .conftest import MONDAY, NINE, TEN, message


def change(client, uid: str, action: str, **body):
    return client.call("POST", f"/v2/bookings/{uid}/{action}", json=body)


@pytest.fixture
def uid(client, haircut) -> str:
    return client.booked(haircut, metadata={"attempt": "7"})["uid"]


def test_cancelled_booking_is_answered_and_frees_its_time(client, haircut, uid):
    data = change(client, uid, "cancel", cancellationReason="ill").json()["data"]
    assert (data["status"], data["cancellationReason"], data["cancelledByEmail"]) == (
        "cancelled",
        "ill",
        "anna@example.com",
    )
    assert client.book(haircut).status_code == 201


def test_host_must_give_a_reason(client, uid):
    answer = change(client, uid, "cancel")
    assert answer.json() == {"statusCode": 400, "message": "Cancellation reason is required"}


def test_others_need_no_reason(client, uid):
    client.api_key = ""
    assert change(client, uid, "cancel").status_code == 200


def test_second_cancel_says_so(client, uid):
    change(client, uid, "cancel", cancellationReason="ill")
    answer = change(client, uid, "cancel", cancellationReason="ill")
    assert answer.status_code == 400
    assert message(answer).startswith(f"Can't cancel booking with uid={uid} because it has been cancelled already.")


def test_cancel_of_an_unknown_uid_is_404(client, haircut):
    answer = change(client, "nobody", "cancel", cancellationReason="ill")
    assert (answer.status_code, message(answer)) == (404, "Booking with uid=nobody not found")


def test_cancel_refuses_unknown_properties(client, uid):
    assert "property reason should not exist" in message(change(client, uid, "cancel", reason="ill"))


def test_ended_booking_cannot_be_cancelled(client, haircut):
    past = client.control("bookings", {"event_type_id": haircut, "start": "2020-01-06T09:00:00Z"}).json()["uid"]
    answer = change(client, past, "cancel", cancellationReason="ill")
    assert answer.json() == {"statusCode": 400, "message": "Cannot cancel a booking that has already ended"}


def test_reschedule_makes_a_new_booking_that_keeps_what_was_said(client, uid):
    answer = change(client, uid, "reschedule", start=TEN, reschedulingReason="late")
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert data["uid"] != uid
    assert (data["start"], data["rescheduledFromUid"]) == (f"{MONDAY}T10:00:00.000Z", uid)
    assert (data["metadata"], data["reschedulingReason"]) == ({"attempt": "7"}, "late")
    old = client.call("GET", f"/v2/bookings/{uid}").json()["data"]
    assert (old["status"], old["rescheduledToUid"], old["icsUid"]) == ("cancelled", data["uid"], data["icsUid"])


def test_own_slot_does_not_stand_in_the_way(client, uid):
    assert change(client, uid, "reschedule", start=f"{MONDAY}T09:30:00Z").status_code == 201


def test_second_reschedule_names_the_successor(client, uid):
    successor = change(client, uid, "reschedule", start=TEN).json()["data"]["uid"]
    answer = change(client, uid, "reschedule", start=TEN)
    assert answer.status_code == 400
    assert f"rescheduled already to booking with uid={successor}. You probably want" in message(answer)


def test_cancelled_booking_cannot_be_moved(client, uid):
    change(client, uid, "cancel", cancellationReason="ill")
    assert "because it has been cancelled. Please provide uid" in message(change(client, uid, "reschedule", start=TEN))


def test_move_to_a_taken_time_is_unavailable(client, haircut, uid):
    client.booked(haircut, TEN)
    answer = change(client, uid, "reschedule", start=TEN)
    assert message(answer) == "User either already has booking at this time or is not available"


def test_reschedule_refuses_the_wrong_word_for_reason(client, uid):
    answer = change(client, uid, "reschedule", start=TEN, rescheduleReason="late")
    assert "property rescheduleReason should not exist" in message(answer)


def test_reschedule_of_an_unknown_uid_is_404(client, haircut):
    assert change(client, "nobody", "reschedule", start=TEN).status_code == 404


def test_late_move_is_refused_to_all_but_the_host(client):
    event_type = client.add_account(event_types=[{"minimum_reschedule_notice_minutes": 60 * 24 * 365 * 90}])
    uid = client.booked(event_type["event_types"][0]["id"])["uid"]
    client.api_key = ""
    answer = change(client, uid, "reschedule", start=TEN)
    assert answer.json()["statusCode"] == 403
    client.api_key = "cal_anna"
    assert change(client, uid, "reschedule", start=TEN).status_code == 201


def test_in_the_vendors_race_one_booking_is_moved_twice(client, uid):
    client.control("settings", {"race_window_seconds": 1})
    codes = []
    starts = [TEN, f"{MONDAY}T12:00:00Z"]
    threads = [
        threading.Thread(target=lambda at=at: codes.append(change(client, uid, "reschedule", start=at).status_code))
        for at in starts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [201, 201]


@pytest.fixture
def pending(client) -> str:
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    return client.booked(event_type)["uid"]


def test_confirmed_booking_is_accepted_and_cannot_be_confirmed_again(client, pending):
    assert change(client, pending, "confirm").json()["data"]["status"] == "accepted"
    error = change(client, pending, "confirm").json()["error"]
    assert (error["code"], error["message"]) == ("TRPCError", "Booking already confirmed")


def test_declined_booking_is_rejected(client, pending):
    assert change(client, pending, "decline", reason="full").json()["data"]["status"] == "rejected"
    assert change(client, pending, "reschedule", start=TEN).json() == {
        "statusCode": 404,
        "message": "Could not find original booking",
    }


def test_only_the_host_confirms(client, pending):
    client.add_account("bert")
    client.api_key = "cal_bert"
    answer = change(client, pending, "confirm")
    assert (answer.status_code, message(answer)) == (401, "User is not authorized to confirm this booking")


def test_moved_request_waits_for_confirmation_again(client, pending):
    assert change(client, pending, "reschedule", start=TEN).json()["data"]["status"] == "pending"


def test_move_in_the_owners_name_is_confirmed(client, pending):
    moved = change(client, pending, "reschedule", start=TEN, rescheduledBy="anna@example.com").json()["data"]
    assert moved["status"] == "accepted"


def test_absence_is_noted_after_the_start_only(client, haircut, uid):
    absent = {"attendees": [{"email": "web.booker@example.com", "absent": True}]}
    assert message(change(client, uid, "mark-absent", **absent)).startswith("Bookings can only be marked as absent")
    past = client.control("bookings", {"event_type_id": haircut, "start": "2020-01-06T09:00:00Z"}).json()["uid"]
    data = change(client, past, "mark-absent", host=True, **absent).json()["data"]
    assert (data["absentHost"], data["attendees"][0]["absent"]) == (True, True)


def test_start_is_required_to_move(client, uid):
    assert "start must be a valid ISO 8601 date string" in message(change(client, uid, "reschedule", start=None))


def test_same_start_again_is_a_new_booking_at_the_same_time(client, uid):
    assert change(client, uid, "reschedule", start=NINE).json()["data"]["start"] == f"{MONDAY}T09:00:00.000Z"


@pytest.mark.parametrize(
    ("event_type", "start", "text"),
    [
        ({}, "2020-01-06T09:00:00Z", "Attempting to book a meeting in the past."),
        ({"booking_window_days": 6000}, "2055-01-08T09:00:00Z", 'The event type can\'t be booked at the "start" time'),
        ({}, f"{MONDAY}T03:00:00Z", "User either already has booking at this time or is not available"),
    ],
)
def test_move_is_refused_in_the_words_of_a_new_booking(client, event_type, start, text):
    booked = client.booked(client.add_account(event_types=[event_type])["event_types"][0]["id"])
    answer = change(client, booked["uid"], "reschedule", start=start)
    assert (answer.status_code, message(answer).startswith(text)) == (400, True)


def test_mover_must_have_an_address(client, uid):
    answer = change(client, uid, "reschedule", start=TEN, rescheduledBy="anna")
    assert message(answer) == "rescheduledBy property is wrong,Invalid rescheduledBy email format "


def test_event_type_may_forbid_to_cancel(client):
    event_type = client.add_account(event_types=[{"disable_cancelling": True}])["event_types"][0]["id"]
    uid = client.booked(event_type)["uid"]
    answer = change(client, uid, "cancel", cancellationReason="ill")
    assert answer.json() == {"statusCode": 400, "message": "This event type does not allow cancellations"}
