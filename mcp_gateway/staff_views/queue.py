"""The state of the work: what waits, what was done in the last hour, which workers are up."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mcp_gateway import outbox, worker_queue
from mcp_gateway.models import WebhookEvent
from mcp_gateway.staff_pages import Section, render, staff_page

TITLE = _("Queue")
# What each verdict means, and what to do.
STATUS = {
    "ok": ("good", _("Workers are up")),
    "no worker answered": (
        "care",
        _("No worker answers. Events and mails wait, nothing is lost: start a worker, or see why it has stopped."),
    ),
    "the broker does not answer": (
        "bad",
        _(
            "The message broker does not answer, so it is not known whether workers are up. New events are kept "
            "and worked on once it is back: see to Redis, or to what CELERY_BROKER_URL names."
        ),
    ),
}


@staff_page("queue/", name="queue", title=TITLE, section=Section.OPERATION, permission="mcp_gateway.view_webhookevent")
def queue_page(request: HttpRequest) -> HttpResponse:
    """The figures are the installation's, of all companies together: they tell nothing of any one."""
    answered = worker_queue.known_workers()
    figures = worker_queue.metrics(answered=answered)
    events = reverse("admin:mcp_gateway_webhookevent_changelist")
    context = {
        "title": TITLE,
        "figures": figures,
        "workers": [{**dict(worker), "done": sum(worker.tasks_done.values())} for worker in answered.workers],
        "statuses": [(status, look, text, status == answered.status) for status, (look, text) in STATUS.items()],
        "by_state": [
            (state.value, state.label, figures.events[state], f"{events}?state__exact={state}")
            for state in WebhookEvent.State
        ],
        "late_messages": outbox.overdue(),
        "made_at": timezone.now(),
    }
    return render(request, "staff/queue.html", context)
