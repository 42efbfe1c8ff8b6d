"""Cal.com at our door: who is let in, what is kept, and that no slot from before is offered afterwards."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from appointments import availability
from appointments.calendar import calendar_of
from appointments.models import Company, Service
from calcom.signature import HEADER, UNSIGNED, sign
from calcom.webhook_events import BOOKING_TRIGGERS
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent
from tests import bells
from tests.bells import Ring
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl

State = WebhookEvent.State
OnCommit = Callable[..., AbstractContextManager]
SECRET = "whsec_salon_0123456789"
PERSON = "Erika Beispiel"


@dataclass
class Door:
    """One company's webhook, which Cal.com calls with the company's secret or, in the tests, with another."""

    company: Company
    on_commit: OnCommit
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    @property
    def path(self) -> str:
        return reverse("calcom-webhook", args=[self.company.pk])

    def post(self, body: Mapping[str, Any] | bytes, *, secret: str = SECRET, path: str = "") -> HttpResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post_as_it_is(raw, {HEADER: sign(raw, secret)}, path=path)

    def post_as_it_is(self, raw: bytes, headers: Mapping[str, str], *, path: str = "") -> HttpResponse:
        with self.on_commit(execute=True):
            return self.client.post(path or self.path, raw, content_type="application/json", headers=headers)


def event(trigger: Any = "BOOKING_CREATED", *, created_at: Any = "2026-11-23T09:00:00.000Z", **payload: Any) -> Any:
    """What Cal.com sends, as far as it matters here."""
    booked = {"uid": "8MU853nQTVLjg2qg3jh3aK", "title": f"Haircut with {PERSON}", **payload}
    return {"triggerEvent": trigger, "createdAt": created_at, "payload": booked}


@pytest.fixture
def company(company: Company) -> Company:
    company.calcom_webhook_secret = SECRET
    company.save()
    return company


@pytest.fixture
def door(company: Company, django_capture_on_commit_callbacks: OnCommit) -> Door:
    return Door(company, django_capture_on_commit_callbacks)


@pytest.fixture
def other_company(other_company: Company) -> Company:
    other_company.calcom_webhook_secret = "whsec_of_another_company"
    other_company.save()
    return other_company


@pytest.fixture(autouse=True)
def _nobody_rang() -> Iterator[None]:
    bells.rung()
    yield
    bells.rung()


def only_event() -> WebhookEvent:
    return WebhookEvent.objects.get()


def assert_refused(response: HttpResponse, status: int) -> None:
    """It says why, and nothing was stored."""
    assert response.status_code == status
    assert json.loads(response.content)["error"]
    assert not WebhookEvent.objects.exists()


def test_an_event_is_stored_whole(door: Door) -> None:
    body = event(metadata={"tisch": "fünf ✂"})
    assert door.post(body).status_code == 204
    stored = only_event()
    assert (stored.provider, stored.event, stored.company, stored.state, stored.payload) == (
        "calcom",
        "BOOKING_CREATED",
        door.company,
        State.RECEIVED,
        body,
    )


def test_an_event_rings_for_a_worker_once(door: Door) -> None:
    for _ in range(2):
        door.post(event())
    assert bells.rung() == [Ring("mcp_gateway.tasks.process_webhook_event", (only_event().pk,), is_delayed=False)]


def test_headers_that_say_who_sent_it_are_kept_and_the_signature_is_not(door: Door) -> None:
    raw = json.dumps(event()).encode()
    headers = {HEADER: sign(raw, SECRET), "X-Cal-Webhook-Version": "2021-10-20", "Cookie": "a=b"}
    door.post_as_it_is(raw, headers)
    assert only_event().headers == {"X-Cal-Webhook-Version": "2021-10-20", "Content-Type": "application/json"}


def test_the_correlation_id_of_the_request_is_kept(door: Door) -> None:
    response = door.post(event())
    assert only_event().correlation_id == response.headers["X-Correlation-ID"]


def test_a_replayed_event_is_answered_and_stored_once(door: Door) -> None:
    assert [door.post(event()).status_code for _ in range(3)] == [204, 204, 204]
    assert only_event().event == "BOOKING_CREATED"


def test_a_delivery_that_was_written_anew_is_the_same_event(door: Door) -> None:
    door.post(event(iCalSequence=0))
    door.post(event(iCalSequence=1))
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        event("BOOKING_CANCELLED"),
        event(uid="8mu853NqtvlJG2QG3JH3Ak"),
        event(created_at="2026-11-23T09:00:00.001Z"),
    ],
    ids=["trigger", "uid", "time"],
)
def test_another_trigger_booking_or_time_is_another_event(door: Door, other: Any) -> None:
    door.post(event())
    door.post(other)
    assert WebhookEvent.objects.count() == 2


def test_an_event_that_names_no_booking_is_known_by_its_body(door: Door) -> None:
    told = {"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": "2026-11-23T09:00:00.000Z"}
    for booking_uid in ("a", "b", "a"):
        door.post({**told, "payload": {"bookingUid": booking_uid}})
    assert WebhookEvent.objects.count() == 2


def test_the_same_event_of_two_companies_is_two(door: Door, other_company: Company) -> None:
    door.post(event())
    other_path = reverse("calcom-webhook", args=[other_company.pk])
    assert door.post(event(), secret=other_company.calcom_webhook_secret, path=other_path).status_code == 204
    assert set(WebhookEvent.objects.values_list("company", flat=True)) == {door.company.pk, other_company.pk}


@pytest.mark.parametrize("trigger", [None, "", 5, ["BOOKING_CREATED"], {}, "x" * 5000, "PING", "OOO_CREATED"])
def test_what_is_no_news_of_a_booking_is_kept_and_ignored(door: Door, trigger: Any) -> None:
    assert door.post(event(trigger)).status_code == 204
    assert inbox.process(only_event().pk) == State.IGNORED


@pytest.mark.parametrize("body", [{}, {"who": "Erika"}, {"triggerEvent": "MEETING_STARTED", "uid": "a"}, event(uid=7)])
def test_a_body_of_any_other_form_is_kept(door: Door, body: Any) -> None:
    assert door.post(body).status_code == 204
    assert only_event().payload == body


@pytest.mark.parametrize("trigger", sorted(BOOKING_TRIGGERS))
def test_news_of_a_booking_that_is_none_of_ours_is_settled_at_once(door: Door, trigger: str) -> None:
    door.post(event(trigger))
    assert inbox.process(only_event().pk) in (State.DONE, State.IGNORED)


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: UNSIGNED}, {HEADER: "0" * 64}])
def test_an_unsigned_request_is_refused(door: Door, headers: dict[str, str]) -> None:
    assert_refused(door.post_as_it_is(json.dumps(event()).encode(), headers), 401)


def test_an_altered_body_is_refused(door: Door) -> None:
    raw = json.dumps(event()).encode()
    altered = raw.replace(b"CREATED", b"CANCELLED")
    assert_refused(door.post_as_it_is(altered, {HEADER: sign(raw, SECRET)}), 401)


def test_a_body_that_is_not_utf8_is_refused(door: Door) -> None:
    assert_refused(door.post(b'{"triggerEvent": "\xe9"}'), 401)


def test_a_company_without_a_secret_lets_nobody_in(door: Door) -> None:
    Company.objects.update(calcom_webhook_secret="")
    assert_refused(door.post(event(), secret=""), 401)


def test_another_companys_secret_is_refused(door: Door, other_company: Company) -> None:
    assert_refused(door.post(event(), secret=other_company.calcom_webhook_secret), 401)


def test_no_refusal_tells_whether_there_is_such_a_company(door: Door, other_company: Company) -> None:
    Company.objects.filter(pk=other_company.pk).update(is_active=False)
    ids = [door.company.pk, other_company.pk, 0, 999_999_999, 2**63, 10**30]
    paths = [reverse("calcom-webhook", args=[company_id]) for company_id in ids]
    refusals = [door.post(event(), secret="wrong", path=path) for path in paths]
    assert {(response.status_code, response.content) for response in refusals} == {
        (401, b'{"error": "The signature does not fit."}')
    }


def test_an_inactive_company_is_refused_with_its_own_secret(door: Door) -> None:
    Company.objects.update(is_active=False)
    assert_refused(door.post(event()), 401)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[1, 2]", b'"text"', b"null", b'{"cost": NaN}', b'{"text": "\\ud800"}', b'{"a":' * 100_000]
)
def test_a_body_that_is_no_json_object_is_refused(door: Door, raw: bytes) -> None:
    assert_refused(door.post(raw), 400)


def test_a_body_beyond_the_limit_is_refused(door: Door, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert_refused(door.post(event()), 413)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_but_post_is_refused(door: Door, method: str) -> None:
    response = door.client.generic(method, door.path, headers={HEADER: sign(b"", SECRET)})
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_a_refused_signature_is_in_the_log_without_the_body(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.post(event(), secret="whsec_wrong")
    assert f"company {door.company.pk}" in caplog.text
    assert "does not fit" in caplog.text
    assert PERSON not in caplog.text
    assert SECRET not in caplog.text


def offered(service: Service) -> bool:
    """Whether a caller would hear that SLOT is free, from what is remembered if anything is."""
    return SLOT in availability.calendar_starts(calendar_of(service.company), service, SLOT, SLOT + HOUR)


@pytest.fixture
def stale(service: Service, control: CalcomControl) -> None:
    """SLOT is remembered as free, and has been taken in Cal.com since."""
    assert offered(service)
    control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())
    assert offered(service)


@pytest.mark.usefixtures("stale")
@pytest.mark.parametrize("trigger", ["BOOKING_CREATED", "BOOKING_CANCELLED", "OOO_CREATED", "PING"])
def test_slots_from_before_an_event_are_not_offered_after_it(door: Door, service: Service, trigger: str) -> None:
    door.post(event(trigger))
    assert not offered(service)


def test_a_replayed_event_makes_us_forget_again(door: Door, service: Service, control: CalcomControl) -> None:
    door.post(event())
    assert offered(service)
    control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())
    door.post(event())
    assert not offered(service)


@pytest.mark.usefixtures("stale")
def test_a_refused_request_makes_nobody_forget(door: Door, service: Service) -> None:
    door.post(event(), secret="wrong")
    assert offered(service)


def test_a_worker_forgets_once_more(door: Door, service: Service, control: CalcomControl) -> None:
    """Cal.com tells of a cancellation first and frees the time afterwards."""
    uid = control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())["uid"]
    door.post(event("BOOKING_CANCELLED", uid=uid))
    assert not offered(service)
    control.post(f"bookings/{uid}/cancel", reason="ill")
    inbox.process(only_event().pk)
    assert offered(service)


@pytest.mark.django_db(transaction=True)
def test_a_booking_in_calcom_itself_reaches_us_and_is_not_offered(
    company: Company, service: Service, control: CalcomControl, live_server: LiveServer
) -> None:
    subscribe(f"{live_server.url}{reverse('calcom-webhook', args=[company.pk])}", control)
    assert offered(service)
    uid = control.post("bookings", event_type_id=control.ids["haircut"], start=SLOT.isoformat())["uid"]
    assert [row["status"] for row in control.get("deliveries")] == [204]
    stored = only_event()
    assert (stored.event, stored.company, stored.payload["payload"]["uid"]) == ("BOOKING_CREATED", company, uid)
    assert not offered(service)


def subscribe(url: str, control: CalcomControl) -> None:
    """As staff do it in Cal.com's settings."""
    body = {"subscriberUrl": url, "triggers": sorted(BOOKING_TRIGGERS), "active": True, "secret": SECRET}
    headers = {"Authorization": f"Bearer {API_KEY}"}
    requests.post(f"{control.base_url}/v2/webhooks", json=body, headers=headers, timeout=5).raise_for_status()
