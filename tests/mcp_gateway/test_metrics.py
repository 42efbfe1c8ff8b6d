"""What Prometheus sees."""

import shutil
import subprocess
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from appointments.models import Appointment
from mcp_gateway import gateway, inbox, outbox
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal

URLS = ("/api/mcp/metrics", "/api/metrics")

pytestmark = pytest.mark.django_db


def scraped(client: Client, url: str = URLS[0]) -> dict[tuple[str, str], float]:
    """Every sample by name and labels."""
    text = client.get(url).content.decode()
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def call(everybody: Principal, method: str, params: Any = None) -> None:
    """Call it, however it ends."""
    with suppress(GatewayError):
        gateway.call(method, params, principal=everybody)


def test_each_call_is_counted_and_timed(client: Client, server: Any, everybody: Principal) -> None:
    labels = "method=subtract,server=testing"
    before = scraped(client)
    call(everybody, "testing.subtract", [3, 1])
    after = scraped(client)
    for name in ("mcp_gateway_requests_total", "mcp_gateway_request_duration_seconds_count"):
        assert after[name, labels] == before.get((name, labels), 0) + 1


def test_an_error_is_counted_by_its_kind(client: Client, server: Any, everybody: Principal) -> None:
    sample = ("mcp_gateway_errors_total", "error=taken,server=testing")
    before = scraped(client).get(sample, 0)
    call(everybody, "testing.refuse")
    assert scraped(client)[sample] == before + 1


def test_what_callers_make_up_never_becomes_a_label(client: Client, everybody: Principal) -> None:
    call(everybody, "made.up")
    text = client.get(URLS[0]).content.decode()
    assert "made" not in text
    assert ("mcp_gateway_requests_total", "method=unknown,server=unknown") in scraped(client)


def test_a_breaker_shows_its_state(client: Client, server: Any, everybody: Principal) -> None:
    for _ in range(5):
        call(everybody, "testing.break", ["x"])
    assert scraped(client)["mcp_circuit_breaker_state", "server=testing,state=open"] == 1


def test_a_breaker_that_never_failed_is_closed(client: Client) -> None:
    assert scraped(client)["mcp_circuit_breaker_state", "server=calcom,state=closed"] >= 1


def test_waiting_events_are_counted_with_their_age(client: Client, company: Any) -> None:
    inbox.receive(provider="retell", event="x", dedupe_key="1", payload={}, headers={}, company_id=company.pk)
    found = scraped(client)
    assert found["mcp_webhook_events", "state=received"] == 1
    assert found["mcp_webhook_lag_seconds", ""] >= 0


def test_messages_are_counted_by_their_state(client: Client, company: Any) -> None:
    outbox.put("testing", "key", {}, company.pk)
    found = scraped(client)
    assert (found["mcp_outbox_messages", "state=waiting"], found["mcp_outbox_messages", "state=dead"]) == (1, 0)


def test_every_status_of_an_appointment_is_there(client: Client) -> None:
    found = scraped(client)
    assert all(("appointments", f"status={status}") in found for status in Appointment.Status.values)


def test_both_urls_show_the_same_metrics(client: Client) -> None:
    assert set(scraped(client, URLS[0])) == set(scraped(client, URLS[1]))


def test_strangers_see_nothing(client: Client) -> None:
    response = client.get(URLS[0], REMOTE_ADDR="203.0.113.9")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_an_allowed_address_does_not_count_behind_a_proxy(client: Client) -> None:
    assert client.get(URLS[0], headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401


@pytest.mark.parametrize(("sent", "status"), [("right", 200), ("wrong", 401), ("", 401)])
def test_the_token_opens_from_anywhere(client: Client, settings: Any, sent: str, status: int) -> None:
    settings.METRICS_TOKEN = "right"
    response = client.get(URLS[0], headers={"Authorization": f"Bearer {sent}"}, REMOTE_ADDR="203.0.113.9")
    assert response.status_code == status


def test_without_a_token_set_no_token_opens(client: Client) -> None:
    response = client.get(URLS[0], headers={"Authorization": "Bearer "}, REMOTE_ADDR="203.0.113.9")
    assert response.status_code == 401


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's prometheus is not installed")
def test_promtool_finds_nothing(client: Client, server: Any, everybody: Principal) -> None:
    call(everybody, "testing.subtract", [3, 1])
    text = client.get(URLS[0]).content
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
