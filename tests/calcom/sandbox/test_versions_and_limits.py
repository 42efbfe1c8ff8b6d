import pytest

from calcom.sandbox.limits import RateLimiter

from .conftest import MONDAY, TEN, Client, message

pytestmark = pytest.mark.usefixtures("haircut")


@pytest.mark.parametrize("version", ["none", "2023-01-01"])
def test_create_without_a_known_version_gets_the_old_controllers_400(client, haircut, version):
    answer = client.book(haircut, version=version)
    assert (answer.status_code, message(answer)) == (400, "Bad Request Exception")
    assert {row["property"] for row in answer.json()["error"]["details"]["errors"]} >= {"timeZone", "language"}


def test_create_with_another_routes_version_is_404(client, haircut):
    answer = client.book(haircut, version="2024-09-04")
    assert (answer.status_code, message(answer)) == (404, "Cannot POST /v2/bookings")


def test_slots_without_version_are_404_with_the_query_in_the_text(client):
    answer = client.call("GET", "/v2/slots?start=2035-01-08", version="none")
    assert (answer.status_code, message(answer)) == (404, "Cannot GET /v2/slots?start=2035-01-08")


def test_the_version_is_looked_at_before_the_key(client):
    client.api_key = "cal_wrong"
    assert client.call("GET", "/v2/event-types", version="2024-08-13").status_code == 404


def test_newer_booking_version_is_served(client, haircut):
    assert client.book(haircut, version="2026-02-25").status_code == 201


def test_me_needs_no_version(client):
    assert client.call("GET", "/v2/me").json()["data"]["username"] == "anna"


def test_unknown_path_is_404_in_envelope_a(client):
    body = client.call("GET", "/v2/nothing").json()
    assert body["status"] == "error"
    assert body["error"]["code"] == "NotFoundException"
    assert body["error"]["details"] == {"message": "Cannot GET /v2/nothing", "error": "Not Found", "statusCode": 404}


@pytest.mark.parametrize(
    ("key", "status", "text"),
    [
        ("", 401, "ApiAuthStrategy - No authentication method provided."),
        ("cal_wrong", 401, "ApiAuthStrategy - api key - Your api key is not valid"),
        ("other", 401, "ApiAuthStrategy - access token"),
    ],
)
def test_wrong_key_texts(client, key, status, text):
    client.api_key = key
    answer = client.call("GET", "/v2/me")
    assert answer.status_code == status
    assert message(answer).startswith(text)


def test_expired_key_has_its_own_text(client):
    client.add_account("old", api_key_expired=True)
    client.api_key = "cal_old"
    assert message(client.call("GET", "/v2/me")).endswith("is expired")


def test_list_without_key_is_403(client):
    client.api_key = ""
    answer = client.call("GET", "/v2/bookings")
    assert answer.status_code == 403
    assert message(answer).startswith("PermissionsGuard - no authentication provided.")


def test_wrong_key_is_refused_even_where_none_is_needed(client, haircut):
    client.api_key = "cal_wrong"
    assert message(client.slots(haircut)) == "CustomThrottlerGuard - Invalid API Key"


def test_slots_need_no_key(client, haircut):
    client.api_key = ""
    assert client.slots(haircut).status_code == 200


def test_every_answer_has_a_request_id_and_the_limits(client):
    headers = client.call("GET", "/v2/me").headers
    assert headers["X-Request-Id"]
    assert headers["X-RateLimit-Limit-Default"] == "120"
    assert headers["X-RateLimit-Remaining-Default"] == "119"
    assert int(headers["X-RateLimit-Reset-Default"]) <= 60


def test_after_the_limit_the_key_is_blocked_without_retry_after(client):
    client.control("settings", {"rate_limit": 1})
    client.call("GET", "/v2/me")
    answer = client.call("GET", "/v2/me")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "ThrottlerException")
    assert error["details"] == error["message"]
    assert "Retry-After" not in answer.headers


def test_keys_have_limits_of_their_own(client):
    client.add_account("bert")
    client.control("settings", {"rate_limit": 1})
    client.call("GET", "/v2/me")
    assert Client(client.base_url, "cal_bert").call("GET", "/v2/me").status_code == 200


def test_malformed_json_is_400(client):
    assert client.call("POST", "/v2/webhooks", data="{").status_code == 400


@pytest.mark.parametrize("version", ["none", "2024-04-15", "2024-06-14"])
def test_old_list_ignores_the_attendee_and_has_another_shape(client, haircut, version):
    uid = client.booked(haircut)["uid"]
    answer = client.call("GET", "/v2/bookings?attendeeEmail=nobody@example.com", version=version)
    (row,) = answer.json()["data"]["bookings"]
    assert (row["uid"], row["startTime"], row["status"]) == (uid, f"{MONDAY}T09:00:00.000Z", "ACCEPTED")


def test_old_list_goes_ten_at_a_time(client):
    event_type = client.add_account("bert", event_types=[{"length_minutes": 15}])["event_types"][0]["id"]
    bert = Client(client.base_url, "cal_bert")
    for quarter in range(11):
        bert.booked(event_type, f"{MONDAY}T{9 + quarter // 4:02}:{quarter % 4 * 15:02}:00Z")
    page = bert.call("GET", "/v2/bookings", version="none").json()["data"]
    assert (len(page["bookings"]), page["nextCursor"]) == (10, 10)


def test_old_controller_reads_and_cancels_in_shapes_of_its_own(client, haircut):
    booked = client.booked(haircut)
    path = f"/v2/bookings/{booked['uid']}"
    assert client.call("GET", path, version="none").json()["data"]["startTime"] == f"{MONDAY}T09:00:00.000Z"
    cancelled = client.call("POST", f"{path}/cancel", json={"cancellationReason": "ill"}, version="none")
    assert cancelled.json()["data"] == {
        "bookingId": booked["id"],
        "bookingUid": booked["uid"],
        "onlyRemovedAttendee": False,
    }
    assert client.call("GET", path).json()["data"]["status"] == "cancelled"


@pytest.mark.parametrize("action", ["reschedule", "confirm", "decline", "mark-absent"])
def test_old_controller_has_no_other_changes(client, haircut, action):
    path = f"/v2/bookings/{client.booked(haircut)['uid']}/{action}"
    answer = client.call("POST", path, json={"start": TEN}, version="none")
    assert (answer.status_code, message(answer)) == (404, f"Cannot POST {path}")


def test_old_controller_of_event_types_groups_them(client, haircut):
    (group,) = client.call("GET", "/v2/event-types", version="none").json()["data"]["eventTypeGroups"]
    assert (group["eventTypes"][0]["id"], group["eventTypes"][0]["length"]) == (haircut, 60)


@pytest.mark.parametrize("version", ["2024-06-11", "2024-06-14"])
def test_schedules_are_served_in_two_versions(client, version):
    assert client.call("GET", "/v2/schedules/default", version=version).status_code == 200


def test_list_alone_has_the_newest_version(client, haircut):
    uid = client.booked(haircut)["uid"]
    assert client.call("GET", "/v2/bookings", version="2026-05-01").status_code == 200
    assert client.call("GET", f"/v2/bookings/{uid}", version="2026-05-01").status_code == 404


def test_self_hosted_edition_knows_no_version_of_2026(client, haircut):
    client.control("settings", {"is_self_hosted": True})
    assert message(client.book(haircut, version="2026-02-25")) == "Bad Request Exception"
    assert "bookings" in client.call("GET", "/v2/bookings", version="2026-05-01").json()["data"]
    assert client.book(haircut).status_code == 201


def test_old_controllers_cannot_be_asked_by_their_inner_paths(client):
    assert client.call("GET", "/_legacy/v2/bookings").status_code == 404


def test_block_lasts_a_whole_minute_after_the_request_that_was_too_many(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("calcom.sandbox.limits.time.monotonic", lambda: clock[0])
    limiter = RateLimiter()
    assert limiter.take("key", 1)
    clock[0] += 50
    assert not limiter.take("key", 1)
    clock[0] += 59
    assert not limiter.take("key", 1)
    assert limiter.headers("key", 1)["X-RateLimit-Reset-Default"] == "1"
    clock[0] += 1
    assert limiter.take("key", 1)
