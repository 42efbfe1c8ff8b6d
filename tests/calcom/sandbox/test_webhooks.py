import hashlib
import hmac
import threading

import pytest

from .conftest import MONDAY, TEN, Client, message

TRIGGERS = [
    "BOOKING_CREATED",
    "BOOKING_RESCHEDULED",
    "BOOKING_REQUESTED",
    "BOOKING_CANCELLED",
    "BOOKING_REJECTED",
    "BOOKING_NO_SHOW_UPDATED",
]


def subscribe(client, url: str, path: str = "/v2/webhooks", **fields):
    body = {"subscriberUrl": url, "triggers": TRIGGERS, "active": True, "secret": "s3cret", **fields}
    return client.call("POST", path, json=body)


@pytest.fixture
def hook(client, haircut, receiver):
    return subscribe(client, receiver.url).json()["data"]


@pytest.mark.usefixtures("hook")
def test_booking_is_announced_before_the_answer_and_signed_over_the_raw_body(client, haircut, receiver):
    booked = client.booked(haircut, metadata={"attempt": "7"})
    signature = hmac.new(b"s3cret", receiver.bodies[0], hashlib.sha256).hexdigest()
    assert receiver.headers[0]["X-Cal-Signature-256"] == signature
    assert receiver.headers[0]["X-Cal-Webhook-Version"] == "2021-10-20"
    payload = receiver.events()[0]["payload"]
    assert receiver.triggers() == ["BOOKING_CREATED"]
    assert (payload["uid"], payload["bookingId"], payload["status"]) == (booked["uid"], booked["id"], "ACCEPTED")
    assert payload["metadata"]["attempt"] == "7"
    assert payload["startTime"] == f"{MONDAY}T09:00:00.000Z"
    assert payload["responses"]["email"]["value"] == "bob@example.com"


def test_without_a_secret_the_header_says_so(client, haircut, receiver):
    subscribe(client, receiver.url, secret=None)
    client.booked(haircut)
    assert receiver.headers[0]["X-Cal-Signature-256"] == "no-secret-provided"


@pytest.mark.usefixtures("hook")
def test_receiver_may_ask_back_while_it_is_told(client, haircut, receiver):
    seen = []
    receiver.on_event = lambda event: seen.append(
        client.call("GET", f"/v2/bookings/{event['payload']['uid']}").json()["data"]["status"]
    )
    uid = client.booked(haircut)["uid"]
    client.call("POST", f"/v2/bookings/{uid}/cancel", json={"cancellationReason": "ill"})
    # The cancellation is told before it is done.
    assert seen == ["accepted", "accepted"]


@pytest.mark.usefixtures("hook")
def test_cancellation_carries_no_metadata_and_another_time_format(client, haircut, receiver):
    uid = client.booked(haircut, metadata={"attempt": "7"})["uid"]
    client.call("POST", f"/v2/bookings/{uid}/cancel", json={"cancellationReason": "ill"})
    payload = receiver.events()[1]["payload"]
    assert (payload["uid"], payload["status"], payload["cancellationReason"]) == (uid, "CANCELLED", "ill")
    assert payload["startTime"] == f"{MONDAY}T09:00:00+00:00"
    assert "metadata" not in payload


@pytest.mark.usefixtures("hook")
def test_move_is_one_event_with_both_uids(client, haircut, receiver):
    uid = client.booked(haircut)["uid"]
    moved = client.call("POST", f"/v2/bookings/{uid}/reschedule", json={"start": TEN}).json()["data"]
    payload = receiver.events()[1]["payload"]
    assert receiver.triggers() == ["BOOKING_CREATED", "BOOKING_RESCHEDULED"]
    assert (payload["uid"], payload["rescheduleUid"]) == (moved["uid"], uid)
    assert payload["rescheduleStartTime"] == f"{MONDAY}T09:00:00.000Z"


def test_request_for_confirmation_has_events_of_its_own(client, receiver):
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    subscribe(client, receiver.url)
    uid = client.booked(event_type)["uid"]
    moved = client.call("POST", f"/v2/bookings/{uid}/reschedule", json={"start": TEN}).json()["data"]["uid"]
    client.call("POST", f"/v2/bookings/{moved}/confirm")
    assert receiver.triggers() == ["BOOKING_REQUESTED", "BOOKING_REQUESTED", "BOOKING_CREATED"]
    assert receiver.events()[0]["payload"]["status"] == "PENDING"


def test_decline_is_announced(client, receiver):
    event_type = client.add_account(event_types=[{"requires_confirmation": True}])["event_types"][0]["id"]
    subscribe(client, receiver.url, triggers=["BOOKING_REJECTED"])
    uid = client.booked(event_type)["uid"]
    client.call("POST", f"/v2/bookings/{uid}/decline", json={"reason": "full"})
    assert receiver.events()[0]["payload"]["rejectionReason"] == "full"


@pytest.mark.usefixtures("hook")
def test_absence_is_announced_by_booking_uid(client, haircut, receiver):
    past = client.control("bookings", {"event_type_id": haircut, "start": "2020-01-06T09:00:00Z"}).json()["uid"]
    body = {"attendees": [{"email": "web.booker@example.com", "absent": True}]}
    client.call("POST", f"/v2/bookings/{past}/mark-absent", json=body)
    payload = receiver.events()[1]["payload"]
    assert payload["bookingUid"] == past
    assert payload["attendees"] == [{"email": "web.booker@example.com", "noShow": True}]


@pytest.mark.usefixtures("hook")
def test_what_people_do_in_the_vendors_pages_is_announced_too(client, haircut, receiver):
    uid = client.control("bookings", {"event_type_id": haircut, "start": TEN}).json()["uid"]
    moved = client.control(f"bookings/{uid}/reschedule", {"start": f"{MONDAY}T11:00:00Z"}).json()["uid"]
    client.control(f"bookings/{moved}/cancel", {"reason": "ill"})
    assert receiver.triggers() == ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"]
    assert client.listed(status="cancelled") == [moved, uid]


@pytest.mark.usefixtures("hook")
def test_others_bookings_are_none_of_a_webhooks_business(client, receiver):
    other = client.add_account("bert")["event_types"][0]["id"]
    client.booked(other)
    assert receiver.bodies == []


def test_webhook_of_an_event_type_hears_of_that_one_only(client, receiver):
    first, second = (row["id"] for row in client.add_account(event_types=[{}, {}])["event_types"])
    path = f"/v2/event-types/{first}/webhooks"
    assert subscribe(client, receiver.url, path).status_code == 201
    client.booked(second)
    client.booked(first, TEN)
    assert [event["payload"]["eventTypeId"] for event in receiver.events()] == [first]
    client.call("DELETE", path)
    assert client.call("GET", path).json()["data"] == []


@pytest.mark.usefixtures("hook")
def test_dropped_webhook_never_comes(client, haircut, receiver):
    client.control("webhook-mishaps", {"action": "drop"})
    client.booked(haircut)
    client.booked(haircut, TEN)
    assert len(receiver.bodies) == 1


@pytest.mark.usefixtures("hook")
def test_duplicated_webhook_comes_twice_alike(client, haircut, receiver):
    client.control("webhook-mishaps", {"action": "duplicate", "trigger": "BOOKING_CREATED"})
    client.booked(haircut)
    assert len(receiver.bodies) == 2
    assert receiver.bodies[0] == receiver.bodies[1]


@pytest.mark.usefixtures("hook")
def test_reordered_webhook_comes_after_the_next(client, haircut, receiver):
    client.control("webhook-mishaps", {"action": "reorder", "trigger": "BOOKING_CREATED"})
    uid = client.booked(haircut)["uid"]
    client.call("POST", f"/v2/bookings/{uid}/cancel", json={"cancellationReason": "ill"})
    assert receiver.triggers() == ["BOOKING_CANCELLED", "BOOKING_CREATED"]


@pytest.mark.usefixtures("hook")
def test_delayed_webhook_does_not_hold_up_the_answer(client, haircut, receiver):
    client.control("webhook-mishaps", {"action": "delay", "seconds": 0.1})
    answered, seen = threading.Event(), []
    receiver.on_event = lambda event: seen.append(answered.wait(5))
    client.booked(haircut)
    answered.set()
    assert receiver.arrived.acquire(timeout=5)
    assert seen == [True]


def test_deaf_receiver_does_no_harm_and_is_written_down(client, haircut):
    subscribe(client, "http://127.0.0.1:9/")
    assert client.book(haircut).status_code == 201
    assert client.control("deliveries", method="GET").json()[0]["status"] is None


def test_custom_template_is_filled_in(client, haircut, receiver):
    subscribe(client, receiver.url, payloadTemplate='{"who": "{{attendees.0.name}}", "no": "{{nothing}}"}')
    client.booked(haircut)
    assert receiver.events() == [{"who": "Bob Berg", "no": ""}]


def test_webhook_is_listed_changed_and_deleted(client, hook):
    path = f"/v2/webhooks/{hook['id']}"
    assert [row["id"] for row in client.call("GET", "/v2/webhooks").json()["data"]] == [hook["id"]]
    assert client.call("PATCH", path, json={"active": False}).json()["data"]["active"] is False
    assert client.call("GET", path).json()["data"]["triggers"] == TRIGGERS
    assert client.call("DELETE", path).status_code == 200
    assert client.call("GET", path).status_code == 404


def test_second_webhook_with_the_same_url_is_409(client, hook, receiver):
    answer = subscribe(client, receiver.url)
    assert (answer.status_code, message(answer)) == (
        409,
        "Webhook with this subscriber url already exists for this user",
    )


def test_webhooks_belong_to_their_user(client, hook):
    client.add_account("bert")
    bert = Client(client.base_url, "cal_bert")
    assert bert.call("GET", "/v2/webhooks").json()["data"] == []
    assert bert.call("DELETE", f"/v2/webhooks/{hook['id']}").status_code == 403


@pytest.mark.parametrize(
    "fields", [{"triggers": ["BOOKING_CONFIRMED"]}, {"active": None}, {"subscriberUrl": "x"}, {"version": "2022-01-01"}]
)
def test_wrong_webhook_is_refused(client, haircut, fields):
    answer = subscribe(client, "http://example.com/hook", **fields)
    assert (answer.status_code, message(answer)) == (400, "Bad Request Exception")
    assert answer.json()["error"]["details"]["errors"][0]["property"] == next(iter(fields))


def test_private_address_can_be_refused_as_the_vendor_does(client, haircut):
    client.control("settings", {"allow_private_webhook_urls": False})
    assert message(subscribe(client, "http://127.0.0.1/hook")).startswith("Webhook URL is not allowed: ")
    assert subscribe(client, "https://example.com/hook").status_code == 201


@pytest.mark.usefixtures("hook")
def test_host_who_asks_for_another_time_cancels_with_a_wish(client, haircut, receiver):
    uid = client.booked(haircut)["uid"]
    client.control(f"bookings/{uid}/cancel", {"reason": "ill", "request_reschedule": True})
    assert [event["payload"].get("requestReschedule") for event in receiver.events()] == [None, True]


@pytest.mark.parametrize("trigger", ["MEETING_STARTED", "MEETING_ENDED"])
def test_meetings_are_announced_without_a_payload_around_them(client, haircut, receiver, trigger):
    subscribe(client, receiver.url, triggers=[trigger])
    uid = client.booked(haircut, metadata={"attempt": "7"})["uid"]
    client.control(f"bookings/{uid}/meeting", {"trigger": trigger})
    (event,) = receiver.events()
    assert (event["triggerEvent"], event["uid"], event["metadata"]) == (trigger, uid, {"attempt": "7"})
    assert "payload" not in event


def test_webhook_is_tried_again_only_where_the_settings_say_so(client, haircut):
    subscribe(client, "http://127.0.0.1:9/")
    client.booked(haircut)
    client.control("settings", {"webhook_attempts": 3})
    client.booked(haircut, TEN)
    assert len(client.control("deliveries", method="GET").json()) == 1 + 3


def test_template_that_gives_no_json_is_sent_as_a_form(client, haircut, receiver):
    subscribe(client, receiver.url, payloadTemplate="who={{attendees.0.name}}")
    client.booked(haircut)
    assert receiver.bodies == [b"who=Bob Berg"]
    assert receiver.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.usefixtures("hook")
def test_seat_is_announced_with_its_own_person_and_metadata(client, receiver):
    course = client.control("accounts/anna/event-types", {"title": "Yoga", "slug": "yoga", "seats_per_time_slot": 2})
    eve = {"email": "eve@example.com", "name": "Eve"}
    client.booked(course.json()["id"], metadata={"attempt": "1"})
    client.booked(course.json()["id"], attendee=eve, metadata={"attempt": "2"})
    payloads = [event["payload"] for event in receiver.events()]
    assert [payload["metadata"]["attempt"] for payload in payloads] == ["1", "2"]
    assert [attendee["name"] for attendee in payloads[1]["attendees"]] == ["Eve"]
