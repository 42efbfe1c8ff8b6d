import re
import threading

import pytest

from .conftest import MONDAY, NINE, TEN, message

TAKEN = "User either already has booking at this time or is not available"


def attendee_error(text: str) -> str:
    return f"attendee property is wrong, {text} "


def test_booking_has_the_vendors_shape(client, haircut):
    data = client.booked(haircut, metadata={"attempt": "7"})
    assert re.fullmatch(r"[1-9A-HJ-NP-Za-km-z]{22}", data["uid"])
    assert (data["status"], data["duration"]) == ("accepted", 60)
    assert (data["start"], data["end"]) == (f"{MONDAY}T09:00:00.000Z", f"{MONDAY}T10:00:00.000Z")
    assert data["metadata"] == {"attempt": "7"}
    assert data["hosts"][0]["username"] == "anna"
    assert data["attendees"][0]["email"] == "bob@example.com"
    assert data["icsUid"] == f"{data['uid']}@Cal.com"
    assert "rescheduledToUid" not in data


def test_offset_in_start_is_honoured(client, haircut):
    assert client.booked(haircut, f"{MONDAY}T11:00:00+02:00")["start"] == f"{MONDAY}T09:00:00.000Z"


def test_event_type_can_be_named_by_user_and_slug(client, haircut):
    answer = client.book(None, eventTypeSlug="type-0", username="anna")
    assert answer.json()["data"]["eventTypeId"] == haircut


def test_unknown_property_is_refused(client, haircut):
    answer = client.book(haircut, end=TEN)
    assert (answer.status_code, message(answer)) == (400, "end property is wrong,property end should not exist ")


@pytest.mark.parametrize(
    ("attendee", "text"),
    [
        ({"name": None}, "name property is wrong,name must be a string "),
        ({"timeZone": "Berlin"}, "timeZone property is wrong,timeZone must be a valid IANA time-zone "),
        ({"email": "bob"}, "email property is wrong,Invalid email format "),
        (
            {"phoneNumber": "0171 2345678"},
            "phoneNumber property is wrong,Invalid phone number format. Please use international format. ",
        ),
        (
            {"email": None},
            "attendee email or phone property is wrong,Attendee must have at least one contact method (email or phone "
            "number) ",
        ),
        ({"age": 7}, "age property is wrong,property age should not exist "),
    ],
)
def test_attendee_is_checked(client, haircut, attendee, text):
    answer = client.book(haircut, attendee=attendee)
    assert (answer.status_code, message(answer).strip()) == (400, attendee_error(text).strip())


def test_unknown_language_is_refused(client, haircut):
    assert "language must be one of the following values: ar, ca" in message(
        client.book(haircut, attendee={"language": "tlh"})
    )


def test_missing_attendee_and_event_type_are_both_named(client, haircut):
    text = message(client.call("POST", "/v2/bookings", json={"start": NINE}))
    assert "attendee property is wrong,attendee should not be null or undefined " in text
    assert "eventTypeId or eventTypeSlug + username property is wrong,Either eventTypeId or" in text


@pytest.mark.parametrize("metadata", [{"k" * 41: "v"}, {"k": "v" * 501}, {str(n): "v" for n in range(51)}])
def test_metadata_beyond_the_limits_is_refused(client, haircut, metadata):
    assert "Metadata must have at most 50 keys" in message(client.book(haircut, metadata=metadata))


def test_metadata_must_be_texts_for_the_core(client, haircut):
    answer = client.book(haircut, metadata={"n": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert "details" not in answer.json()["error"]


def test_unknown_event_type_is_404(client):
    answer = client.book(999)
    assert (answer.status_code, message(answer)) == (404, "Event type with id 999 not found.")


def test_length_is_refused_where_there_is_one_only(client, haircut):
    assert message(client.book(haircut, lengthInMinutes=30)).startswith("Can't specify 'lengthInMinutes'")


def test_length_must_be_one_of_the_offered(client):
    event_type = client.add_account(event_types=[{"length_options": [30, 60]}])["event_types"][0]["id"]
    assert message(client.book(event_type, lengthInMinutes=45)).endswith("The possible lengths are: 30, 60")
    assert client.booked(event_type, lengthInMinutes=30)["duration"] == 30


def test_required_question_must_be_answered(client):
    question = {"slug": "hair", "type": "select", "required": True, "options": ["long", "short"]}
    event_type = client.add_account(event_types=[{"booking_fields": [question]}])["event_types"][0]["id"]
    assert message(client.book(event_type)).startswith("Missing required booking field response: hair - ")
    assert message(client.book(event_type, bookingFieldsResponses={"hair": "red"})).startswith("Invalid option 'red'")
    booked = client.booked(event_type, bookingFieldsResponses={"hair": "long"})
    assert booked["bookingFieldsResponses"]["hair"] == "long"


def test_phone_only_fails_where_the_event_type_wants_an_email(client, haircut):
    answer = client.book(haircut, attendee={"email": None, "phoneNumber": "+493012345678"})
    assert answer.status_code == 400
    assert "{email}error_required_field" in message(answer)


def test_phone_only_gets_an_sms_address(client):
    event_type = client.add_account(event_types=[{"email_required": False}])["event_types"][0]["id"]
    booked = client.booked(event_type, attendee={"email": None, "phoneNumber": "+493012345678"})
    assert booked["attendees"][0]["email"] == "493012345678@sms.cal.com"
    assert client.listed(attendeeEmail="493012345678@sms.cal.com") == [booked["uid"]]


def test_required_phone_number_is_asked_for(client):
    event_type = client.add_account(event_types=[{"phone_required": True}])["event_types"][0]["id"]
    assert message(client.book(event_type)).startswith("Missing attendee phone number")


def test_location_must_be_offered(client, haircut):
    answer = client.book(haircut, location={"type": "attendeePhone", "phone": "+493012345678"})
    assert f"not valid for event type with id={haircut}" in message(answer)


def test_the_past_is_refused(client, haircut):
    answer = client.book(haircut, "2020-01-06T09:00:00Z")
    assert (answer.status_code, message(answer)) == (400, "Attempting to book a meeting in the past.")


def test_beyond_the_booking_window_is_out_of_bounds(client):
    event_type = client.add_account(event_types=[{"booking_window_days": 30}])["event_types"][0]["id"]
    assert message(client.book(event_type)).startswith('The event type can\'t be booked at the "start" time provided.')
    assert client.free(event_type) == []


def test_within_the_notice_is_out_of_bounds(client):
    event_type = client.add_account(event_types=[{"minimum_notice_minutes": 60 * 24 * 365 * 90}])["event_types"][0]
    assert "too soon" in message(client.book(event_type["id"]))


@pytest.mark.parametrize("start", [f"{MONDAY}T08:30:00Z", f"{MONDAY}T16:30:00Z", "2035-01-07T10:00:00Z"])
def test_outside_working_hours_is_unavailable(client, haircut, start):
    answer = client.book(haircut, start)
    assert (answer.status_code, message(answer)) == (400, TAKEN)


def test_taken_time_is_unavailable_whoever_asks(client, haircut):
    client.booked(haircut)
    answer = client.book(haircut, f"{MONDAY}T09:30:00Z", attendee={"email": "eve@example.com"})
    assert (answer.status_code, message(answer), answer.json()["error"]["code"]) == (400, TAKEN, "BadRequestException")


def test_buffers_keep_the_neighbour_hour_busy(client):
    event_type = client.add_account(event_types=[{"after_buffer_minutes": 15}])["event_types"][0]["id"]
    client.booked(event_type)
    assert client.book(event_type, TEN).status_code == 400
    assert client.book(event_type, f"{MONDAY}T10:15:00Z").status_code == 201


def test_confirmation_makes_a_pending_booking_and_a_repeat_finds_it(client):
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    first = client.booked(event_type)
    assert first["status"] == "pending"
    assert client.booked(event_type)["uid"] == first["uid"]


def test_round_robin_repeat_answers_the_existing_booking(client):
    client.add_account("bert", event_types=[])
    team = {"scheduling_type": "roundRobin", "hosts": ["anna", "bert"]}
    event_type = client.add_account(event_types=[team])["event_types"][0]["id"]
    first = client.booked(event_type)
    assert client.booked(event_type)["uid"] == first["uid"]
    other = client.booked(event_type, attendee={"email": "eve@example.com"})
    assert other["hosts"][0]["username"] == "bert"
    assert message(client.book(event_type, attendee={"email": "max@example.com"})).startswith("One of the hosts")


def test_active_bookings_of_one_person_are_limited(client):
    event_type = client.add_account(event_types=[{"booker_active_bookings_limit": 1}])["event_types"][0]["id"]
    client.booked(event_type)
    assert "maximum number of active bookings" in message(client.book(event_type, TEN))


def test_event_type_may_ask_for_the_owners_key(client):
    event_type = client.add_account(event_types=[{"booking_requires_authentication": True}])["event_types"][0]["id"]
    client.add_account("bert")
    client.api_key = ""
    assert client.book(event_type).status_code == 401
    client.api_key = "cal_bert"
    assert client.book(event_type).status_code == 403


def test_host_flags_belong_to_the_newer_version_and_to_the_host(client, haircut):
    client.booked(haircut)
    assert "should not exist" in message(client.book(haircut, allowConflicts=True))
    early = f"{MONDAY}T09:30:00Z"
    assert client.book(haircut, early, version="2026-02-25", allowConflicts=True).status_code == 201
    client.api_key = ""
    assert client.book(haircut, early, version="2026-02-25", allowConflicts=True).status_code == 400


def race(client, event_type: int, *starts: str) -> list:
    answers = []
    threads = [threading.Thread(target=lambda at=at: answers.append(client.book(event_type, at))) for at in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers, key=lambda answer: answer.status_code)


def test_parallel_requests_for_one_slot_book_once(client, haircut):
    answers = race(client, haircut, NINE, NINE, NINE)
    assert [answer.status_code for answer in answers] == [201, 400, 400]


def test_in_the_vendors_race_the_same_time_collides_in_envelope_b(client, haircut):
    client.control("settings", {"race_window_seconds": 1})
    won, lost = race(client, haircut, NINE, NINE)
    assert won.status_code == 201
    assert lost.json() == {"statusCode": 409, "message": "booking_conflict_error"}


def test_in_the_vendors_race_overlapping_times_are_booked_twice(client, haircut):
    client.control("settings", {"race_window_seconds": 1})
    answers = race(client, haircut, NINE, f"{MONDAY}T09:30:00Z")
    assert [answer.status_code for answer in answers] == [201, 201]


def test_team_event_without_hosts_cannot_be_booked(client):
    event_type = client.add_account(event_types=[{"scheduling_type": "roundRobin"}])["event_types"][0]["id"]
    answer = client.book(event_type)
    assert answer.status_code == 422
    assert message(answer).startswith("Can't book this team event type because it has no hosts.")


def test_managed_parent_cannot_be_booked(client):
    event_type = client.add_account(event_types=[{"scheduling_type": "managed"}])["event_types"][0]["id"]
    answer = client.book(event_type)
    assert (answer.status_code, "is the parent managed event type" in message(answer)) == (400, True)


def test_refusal_of_one_booking_too_many_may_name_one_to_move(client):
    limits = {"booker_active_bookings_limit": 1, "booker_limit_offers_move": True}
    event_type = client.add_account(event_types=[limits])["event_types"][0]["id"]
    uid = client.booked(event_type)["uid"]
    assert message(client.book(event_type, TEN)).endswith(
        f"You can reschedule your existing booking ({uid}) to a new timeslot instead."
    )


def test_hidden_email_field_overwrites_the_address_that_was_given(client):
    hidden = {"email_required": False, "email_hidden": True}
    event_type = client.add_account(event_types=[hidden])["event_types"][0]["id"]
    booked = client.booked(event_type, attendee={"phoneNumber": "+493012345678"})
    assert booked["attendees"][0]["email"] == "493012345678@sms.cal.com"


@pytest.mark.parametrize(
    ("kind", "answer", "text"),
    [
        ("text", 7, "Expected type string (compatible with field type 'text'), but received number."),
        ("multiselect", "long", "Expected type array (compatible with field type 'multiselect'), but received string."),
        ("radio", "red", "Invalid option 'red' for booking field 'hair'. Allowed options are: long, short."),
    ],
)
def test_answer_must_be_of_the_questions_type(client, kind, answer, text):
    question = {"slug": "hair", "type": kind, "options": ["long", "short"]}
    event_type = client.add_account(event_types=[{"booking_fields": [question]}])["event_types"][0]["id"]
    assert text in message(client.book(event_type, bookingFieldsResponses={"hair": answer}))


def test_null_answer_counts_as_an_empty_one(client):
    question = {"slug": "hair", "type": "text"}
    event_type = client.add_account(event_types=[{"booking_fields": [question]}])["event_types"][0]["id"]
    booked = client.booked(event_type, bookingFieldsResponses={"hair": None})
    assert booked["bookingFieldsResponses"]["hair"] == ""


def test_in_the_vendors_race_a_repeated_round_robin_request_is_booked_with_two_hosts(client):
    client.add_account("bert", event_types=[])
    team = {"scheduling_type": "roundRobin", "hosts": ["anna", "bert"]}
    event_type = client.add_account(event_types=[team])["event_types"][0]["id"]
    client.control("settings", {"race_window_seconds": 1})
    answers = race(client, event_type, NINE, NINE)
    assert {answer.json()["data"]["hosts"][0]["username"] for answer in answers} == {"anna", "bert"}


def test_in_the_vendors_race_a_repeated_request_for_confirmation_is_made_twice(client):
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    client.control("settings", {"race_window_seconds": 1})
    one, other = race(client, event_type, NINE, NINE)
    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json()["data"]["uid"] != other.json()["data"]["uid"]


def test_round_robin_without_a_free_host_may_be_a_server_error(client):
    team = {"scheduling_type": "roundRobin", "hosts": ["anna"]}
    event_type = client.add_account(event_types=[team])["event_types"][0]["id"]
    client.control("settings", {"round_robin_unavailable_status": 500})
    answer = client.book(event_type, f"{MONDAY}T03:00:00Z")
    assert answer.json() == {"statusCode": 500, "message": "Internal server error"}


def test_booking_the_host_confirms_collides_with_what_is_there_by_then(client):
    plain, asked = (
        row["id"] for row in client.add_account(event_types=[{}, {"requires_confirmation": True}])["event_types"]
    )
    pending = client.booked(asked)["uid"]
    client.booked(plain)
    answer = client.call("POST", f"/v2/bookings/{pending}/confirm", json={})
    assert answer.json() == {"statusCode": 409, "message": "booking_conflict_error"}
