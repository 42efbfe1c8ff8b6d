"""What Prometheus may know of the business: how bookings end."""

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily

from appointments.models import Appointment, FollowUp
from mcp_gateway.metrics import shared_state


@shared_state
def appointments_by_status() -> GaugeMetricFamily:
    family = GaugeMetricFamily("appointments", "Appointments by status, all companies.", labels=("status",))
    counts = dict(Appointment.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in Appointment.Status.values:
        family.add_metric((status,), counts.get(status, 0))
    return family


@shared_state
def open_follow_ups() -> GaugeMetricFamily:
    rows = FollowUp.objects.filter(status=FollowUp.Status.OPEN)
    return GaugeMetricFamily("follow_ups_open", "Follow-ups that nobody has taken.", value=rows.count())
