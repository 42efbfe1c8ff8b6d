from .conftest import Client, message


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
