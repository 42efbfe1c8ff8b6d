import pytest

from .conftest import MONDAY, NINE, TEN, Client, message


def test_booking_is_read_by_uid_without_a_key(client, haircut):
    booked = client.booked(haircut)
    client.api_key = ""
    assert client.call("GET", f"/v2/bookings/{booked['uid']}").json()["data"]["title"] == booked["title"]


def test_unknown_uid_is_404(client, haircut):
    answer = client.call("GET", "/v2/bookings/nobody")
    assert (answer.status_code, message(answer)) == (404, "Booking with uid=nobody was not found in the database")


def test_list_shows_the_callers_bookings_only(client, haircut):
    other = client.add_account("bert")["event_types"][0]["id"]
    mine = client.booked(haircut)
    theirs = client.booked(other)
    assert client.listed() == [mine["uid"]]
    assert Client(client.base_url, "cal_bert").listed() == [theirs["uid"]]


def test_list_finds_by_every_filter_of_a_lookup(client, haircut):
    wanted = client.booked(haircut)
    client.booked(haircut, TEN, attendee={"email": "eve@example.com", "name": "Eve"})
    for params in (
        {"attendeeEmail": "bob@example.com"},
        {"attendeeName": "Bob Berg"},
        {"bookingUid": wanted["uid"]},
        {"beforeEnd": TEN},
        {"eventTypeId": haircut, "afterStart": NINE, "beforeEnd": TEN, "afterCreatedAt": "2020-01-01T00:00:00Z"},
    ):
        assert client.listed(**params) == [wanted["uid"]]
    assert client.listed(beforeCreatedAt="2020-01-01T00:00:00Z") == []


def test_plus_in_an_address_may_come_as_a_space(client, haircut):
    booked = client.booked(haircut, attendee={"email": "bob+1@example.com"})
    answer = client.call("GET", "/v2/bookings?attendeeEmail=bob+1@example.com")
    assert [row["uid"] for row in answer.json()["data"]] == [booked["uid"]]


def test_statuses_mean_what_the_vendor_means(client):
    plain, asked = client.add_account(event_types=[{}, {"requires_confirmation": True}])["event_types"]
    upcoming = client.booked(plain["id"])["uid"]
    pending = client.booked(asked["id"], TEN)["uid"]
    moved = client.booked(plain["id"], f"{MONDAY}T11:00:00Z")["uid"]
    body = {"start": f"{MONDAY}T12:00:00Z"}
    successor = client.call("POST", f"/v2/bookings/{moved}/reschedule", json=body).json()["data"]["uid"]
    past = client.control("bookings", {"event_type_id": plain["id"], "start": "2020-01-06T09:00:00Z"}).json()["uid"]
    assert set(client.listed(status="upcoming")) == {upcoming, pending, successor}
    assert client.listed(status="unconfirmed") == [pending]
    assert client.listed(status="cancelled") == [moved]
    assert client.listed(status="past") == [past]
    assert set(client.listed(status="past, cancelled")) == {past, moved}


def test_pages_by_take_and_skip(client, haircut):
    uids = [client.booked(haircut, f"{MONDAY}T{hour:02}:00:00Z")["uid"] for hour in (9, 10, 11)]
    answer = client.call("GET", "/v2/bookings", params={"take": 2, "skip": 2, "sortStart": "asc"}).json()
    assert [row["uid"] for row in answer["data"]] == uids[2:]
    assert answer["pagination"] == {
        "returnedItems": 1,
        "totalItems": 3,
        "itemsPerPage": 2,
        "remainingItems": 0,
        "currentPage": 2,
        "totalPages": 2,
        "hasNextPage": False,
        "hasPreviousPage": True,
    }


def test_order_can_be_turned_round(client, haircut):
    first, second = client.booked(haircut)["uid"], client.booked(haircut, TEN)["uid"]
    assert client.listed(sortStart="desc") == [second, first]


def test_pages_by_cursor(client, haircut):
    uids = [client.booked(haircut, f"{MONDAY}T{hour:02}:00:00Z")["uid"] for hour in (9, 10, 11)]
    seen, params = [], {"limit": 2, "status": "upcoming"}
    while True:
        page = client.call("GET", "/v2/bookings", params=params, version="2026-05-01").json()
        seen.append([row["uid"] for row in page["data"]])
        if not page["pagination"]["hasMore"]:
            break
        params["cursor"] = page["pagination"]["nextCursor"]
    assert seen == [uids[:2], uids[2:]]


def test_cursor_list_takes_one_status_only(client, haircut):
    answer = client.call("GET", "/v2/bookings?status=past,upcoming", version="2026-05-01")
    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["take=251", "status=gone", "afterStart=soon"])
def test_wrong_query_is_listed_in_the_details(client, haircut, query):
    answer = client.call("GET", f"/v2/bookings?{query}")
    assert (answer.status_code, message(answer)) == (400, "Bad Request Exception")
    assert answer.json()["error"]["details"]["errors"][0]["property"] == query.partition("=")[0]


def test_unknown_query_is_dropped(client, haircut):
    assert client.listed(phone="1") == []


def test_reads_lag_behind_when_asked_to(client, haircut):
    booked = client.booked(haircut)
    client.control("settings", {"read_lag_seconds": 3600})
    assert client.listed() == []
    assert client.call("GET", f"/v2/bookings/{booked['uid']}").status_code == 404
    client.control("settings", {"read_lag_seconds": 0})
    assert client.listed() == [booked["uid"]]


def test_take_and_skip_mean_nothing_to_the_cursor_list(client, haircut):
    uids = [client.booked(haircut, f"{MONDAY}T{hour:02}:00:00Z")["uid"] for hour in (9, 10)]
    page = client.call("GET", "/v2/bookings?take=1&skip=1&status=upcoming", version="2026-05-01").json()
    assert [row["uid"] for row in page["data"]] == uids
    assert page["pagination"] == {"nextCursor": None, "hasMore": False}


def test_cursor_list_without_a_status_walks_everything_backwards(client, haircut):
    first, second = client.booked(haircut)["uid"], client.booked(haircut, TEN)["uid"]
    client.call("POST", f"/v2/bookings/{first}/cancel", json={"cancellationReason": "ill"})
    page = client.call("GET", "/v2/bookings", version="2026-05-01").json()
    assert [row["uid"] for row in page["data"]] == [second, first]


def test_many_event_types_go_before_one(client):
    one, other = (row["id"] for row in client.add_account(event_types=[{}, {}])["event_types"])
    uid = client.booked(one)["uid"]
    assert client.listed(eventTypeIds=f"{one},999", eventTypeId=other) == [uid]


def test_writes_see_no_lag(client, haircut):
    uid = client.booked(haircut)["uid"]
    client.control("settings", {"read_lag_seconds": 3600})
    assert client.book(haircut).status_code == 400
    answer = client.call("POST", f"/v2/bookings/{uid}/cancel", json={"cancellationReason": "ill"})
    assert answer.json()["data"]["status"] == "cancelled"


def test_lagging_answer_is_a_server_error_although_the_booking_is_made(client, haircut):
    client.control("settings", {"read_lag_seconds": 3600, "answers_lag": True})
    assert client.book(haircut).json() == {"statusCode": 500, "message": "Internal server error"}
    client.control("settings", {"read_lag_seconds": 0})
    assert len(client.listed()) == 1


def test_attendee_of_a_booking_sees_it_too(client, haircut):
    uid = client.booked(haircut, attendee={"email": "bert@example.com"})["uid"]
    client.add_account("bert")
    assert Client(client.base_url, "cal_bert").listed() == [uid]
