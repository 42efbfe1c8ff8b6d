"""What Prometheus may know: counters of this machine's processes, and the state that all share.

Labels are bounded: server and method come from the registry (or are "unknown"), errors are words of
`mcp_gateway.errors`; companies, tokens and callers are never labels. Counters live in files that all processes of a
machine write and any of them reads (PROMETHEUS_MULTIPROC_DIR); state is read from the database when asked for.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterator

from django.db.models import Count, Min
from django.http import HttpRequest
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mcp_gateway import breakers
from mcp_gateway.models import OutboxMessage, WebhookEvent
from mcp_gateway.registry import registry

requests_total = Counter("mcp_gateway_requests_total", "Calls through the gateway.", ("server", "method"))
request_duration_seconds = Histogram(
    "mcp_gateway_request_duration_seconds",
    "How long calls through the gateway took.",
    ("server", "method"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
errors_total = Counter("mcp_gateway_errors_total", "Calls that ended with an error, by its kind.", ("server", "error"))
rate_limited_total = Counter("mcp_rate_limited_total", "Calls refused by a rate limit.", ("server",))

WAITING = (WebhookEvent.State.RECEIVED, WebhookEvent.State.PROCESSING)


def observe(server: str, method: str, error: str, seconds: float) -> None:
    """Count one call; `error` is "" for one that went well."""
    requests_total.labels(server, method).inc()
    request_duration_seconds.labels(server, method).observe(seconds)
    if error:
        errors_total.labels(server, error).inc()
    if error == "rate_limited":
        rate_limited_total.labels(server).inc()


Family = Callable[[], GaugeMetricFamily]
_families: list[Family] = []


def shared_state(family: Family) -> Family:
    """Register a gauge that all processes share; it is asked for at each scrape. Apps do so in their `metrics.py`."""
    _families.append(family)
    return family


class SharedState(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        return (family() for family in _families)


def exposition(request: HttpRequest) -> bytes:
    """Everything in Prometheus' text format: the counters of all processes, then the shared state."""
    shared = CollectorRegistry(auto_describe=False)
    shared.register(SharedState())
    return bytes(ExportToDjangoView(request).content) + generate_latest(shared)


@shared_state
def _breakers() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "mcp_circuit_breaker_state", "How many breakers of a server are in a state.", labels=("server", "state")
    )
    tally = Tally((state.name.partition(":")[0], state.state) for state in breakers.all_states())
    # A breaker that never counted a failure is known to nobody, and closed.
    tally.update((name, "closed") for name in set(registry.servers) - {server for server, _ in tally})
    for labels, count in sorted(tally.items()):
        family.add_metric(labels, count)
    return family


@shared_state
def _events() -> GaugeMetricFamily:
    family = GaugeMetricFamily("mcp_webhook_events", "Stored webhook events by state.", labels=("state",))
    counts = dict(WebhookEvent.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in WebhookEvent.State.values:
        family.add_metric((state,), counts.get(state, 0))
    return family


@shared_state
def _messages() -> GaugeMetricFamily:
    family = GaugeMetricFamily("mcp_outbox_messages", "Messages to people outside by state.", labels=("state",))
    counts = dict(OutboxMessage.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in OutboxMessage.State.values:
        family.add_metric((state,), counts.get(state, 0))
    return family


@shared_state
def _lag() -> GaugeMetricFamily:
    oldest = WebhookEvent.objects.filter(state__in=WAITING).aggregate(at=Min("received_at"))["at"]
    seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return GaugeMetricFamily("mcp_webhook_lag_seconds", "Age of the oldest event that waits.", value=seconds)
