import pytest
import requests

from .conftest import TEN, Client, message


def test_event_types_count_up_from_1001_across_accounts(client):
    first, second = client.add_account(event_types=[{}, {}]), client.add_account("bert")
    ids = [row["id"] for account in (first, second) for row in account["event_types"]]
    assert ids == [1001, 1002, 1003]


def test_own_event_types_are_listed_hidden_ones_too(client):
    client.add_account(event_types=[{}, {"hidden": True}])
    client.add_account("bert")
    rows = client.call("GET", "/v2/event-types").json()["data"]
    assert [row["id"] for row in rows] == [1001, 1002]
    assert (rows[0]["lengthInMinutes"], rows[0]["ownerId"]) == (60, 1)


def test_others_see_public_event_types_by_username(client):
    client.add_account(event_types=[{}, {"hidden": True}])
    client.api_key = ""
    assert client.call("GET", "/v2/event-types").json()["data"] == []
    rows = client.call("GET", "/v2/event-types?username=anna").json()["data"]
    assert [row["id"] for row in rows] == [1001]


def test_event_type_shows_its_questions(client, haircut):
    row = client.call("GET", f"/v2/event-types/{haircut}").json()["data"]
    email = next(question for question in row["bookingFields"] if question["slug"] == "email")
    assert (email["required"], email["hidden"], email["isDefault"]) == (True, False, True)


def test_foreign_event_type_is_not_found(client, haircut):
    client.add_account("bert")
    client.api_key = "cal_bert"
    answer = client.call("GET", f"/v2/event-types/{haircut}")
    assert (answer.status_code, message(answer)) == (404, f"Event type with id {haircut} not found")


def test_default_schedule_is_the_users_own(client, haircut):
    schedule = client.call("GET", "/v2/schedules/default").json()["data"]
    assert (schedule["timeZone"], schedule["availability"][0]["startTime"]) == ("UTC", "09:00")
    assert client.call("GET", "/v2/schedules").json()["data"] == [schedule]


def test_api_key_must_look_like_one(client):
    answer = client.control("accounts", {"api_key": "secret", "username": "x", "email": "x@example.com", "name": "X"})
    assert (answer.status_code, answer.json()["message"]) == (400, "ValueError: keys start with cal_")


def test_control_api_shows_everybodys_bookings(client, haircut):
    other = client.add_account("bert")["event_types"][0]["id"]
    client.booked(haircut, metadata={"attempt": "7"})
    client.booked(other)
    rows = client.control("bookings", method="GET").json()
    assert [row["accountId"] for row in rows] == [1, 2]
    assert rows[0]["metadata"] == {"attempt": "7"}


def test_fault_after_the_work_leaves_the_booking(client, haircut):
    client.control("faults", {"method": "POST", "path": "/v2/bookings", "when": "after", "action": "reply"})
    assert client.book(haircut).status_code == 500
    assert len(client.listed()) == 1


def test_reset_forgets_everything(client, haircut):
    client.booked(haircut)
    client.control("reset")
    assert client.control("bookings", method="GET").json() == []
    assert Client(client.base_url, "cal_anna").call("GET", "/v2/me").status_code == 401


def test_proxys_error_page_comes_as_it_is(client, haircut):
    page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
    fault = {"path": "/v2/me", "action": "reply", "status": 502, "body": page, "headers": {"Content-Type": "text/html"}}
    client.control("faults", fault)
    answer = client.call("GET", "/v2/me")
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (502, page, "text/html")


def test_key_can_run_out_in_the_middle(client, haircut):
    assert client.call("GET", "/v2/me").status_code == 200
    client.control("accounts/anna", {"api_key_expired": True}, "PATCH")
    assert message(client.call("GET", "/v2/me")).endswith("is expired")


def test_key_can_be_changed_but_not_for_anothers(client, haircut):
    client.add_account("bert")
    assert client.control("accounts/anna", {"api_key": "cal_bert"}, "PATCH").status_code == 400
    client.control("accounts/anna", {"api_key": "cal_new"}, "PATCH")
    assert client.call("GET", "/v2/me").status_code == 401
    client.api_key = "cal_new"
    assert client.call("GET", "/v2/me").json()["data"]["username"] == "anna"


def test_working_hours_can_change_in_the_middle(client, haircut):
    override = {"date": "2035-01-08", "startTime": "00:00", "endTime": "00:00"}
    client.control("accounts/anna", {"overrides": [override]}, "PATCH")
    assert client.free(haircut) == []


def test_event_type_can_be_added_and_changed(client, haircut):
    added = client.control("accounts/anna/event-types", {"title": "Wash", "slug": "wash"}).json()
    client.control(f"event-types/{added['id']}", {"length_minutes": 15}, "PATCH")
    row = client.call("GET", f"/v2/event-types/{added['id']}").json()["data"]
    assert (row["title"], row["lengthInMinutes"]) == ("Wash", 15)


def test_deleted_event_type_is_gone_and_its_bookings_stay(client, haircut):
    uid = client.booked(haircut)["uid"]
    client.control(f"event-types/{haircut}", method="DELETE")
    assert client.call("GET", "/v2/event-types").json()["data"] == []
    assert client.call("GET", f"/v2/event-types/{haircut}").status_code == 404
    assert message(client.book(haircut, TEN)) == f"Event type with id {haircut} not found."
    assert message(client.slots(haircut)) == "Event Type not found"
    assert client.call("GET", f"/v2/bookings/{uid}").status_code == 200


def test_requests_are_recorded_with_headers_and_body(client, haircut):
    client.booked(haircut, metadata={"attempt": "7"})
    row = client.control("requests", method="GET").json()[-1]
    assert (row["method"], row["path"], row["headers"]["cal-api-version"]) == ("POST", "/v2/bookings", "2024-08-13")
    assert '"attempt": "7"' in row["body"]


FAULTS = [
    ({"when": "before", "action": "hang", "seconds": 0.1}, 0),
    ({"when": "after", "action": "hang", "seconds": 0.1}, 1),
    ({"when": "after", "action": "reset"}, 1),
    ({"when": "before", "action": "reset"}, 0),
]


@pytest.mark.parametrize(("fault", "bookings"), FAULTS)
def test_lost_answer_leaves_a_booking_only_when_the_work_was_done(client, haircut, fault, bookings):
    client.control("faults", {"method": "POST", "path": "/v2/bookings", **fault})
    with pytest.raises(requests.ConnectionError):
        client.book(haircut)
    assert len(client.listed()) == bookings


def test_half_an_answer_is_no_json(client, haircut):
    client.control("faults", {"path": "/v2/me", "action": "malformed", "when": "after"})
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.call("GET", "/v2/me").json()
