"""The gateway's own MCP servers: what may be read of the database, and the state of the work."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mcp_gateway import event_log, health, inbox, outbox, reports, worker_queue
from mcp_gateway.event_log import EventHistory, EventId, EventLine, Lines, Reason
from mcp_gateway.figures import CallStats, FailedAppointment, TenantStats, figures
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from mcp_gateway.worker_queue import ANSWER_SECONDS, Metrics, Overview, Workers

Rows = Annotated[int, Field(ge=1, le=reports.MAX_ROWS)]
Hits = Annotated[int, Field(ge=1, le=reports.MAX_HITS)]
Text = Annotated[str, Field(min_length=2, max_length=100)]


class Found(BaseModel):
    hits: list[reports.Hit]


class FailedAppointments(BaseModel):
    appointments: list[FailedAppointment]


class Jobs(BaseModel):
    jobs: list[EventLine]


class Retry(BaseModel):
    """`state` is where the job stands now; `was` is where it stood."""

    job_id: int
    was: str
    state: str


@register
class DatabaseMCPServer(MCPServer):
    """Reading what the apps have registered, one company at a time. No SQL comes in from outside."""

    name = "database"
    read_permission = "mcp_gateway.read_reports"

    def health(self) -> Health:
        return Health() if health.ready() else Health(status="down", reason="the database does not answer")

    @rpc("getSchema", Access.READ)
    def get_schema(self, context: Context) -> reports.Schema:
        """The tables and columns that may be read, and the reports with their parameters."""
        return reports.schema()

    @rpc("query", Access.READ, cost=2, tells_personal_data=True)
    def query(
        self, context: Context, report: str, parameters: dict[str, Any] | None = None, limit: Rows = 100
    ) -> reports.ReportResult:
        """Run a named report of the company; getSchema lists them with their parameters."""
        return reports.run(context, report, parameters or {}, limit)

    @rpc("search", Access.READ, cost=2, tells_personal_data=True)
    def search(
        self, context: Context, text: Text, tables: list[str] | None = None, limit: Hits = reports.MAX_HITS
    ) -> Found:
        """Find customers, appointments and calls by name, phone number, call id or booking uid; exact hits first."""
        return Found(hits=reports.search(context.company, text.strip(), tables or (), limit))

    @rpc("getCallStats", Access.READ)
    def get_call_stats(
        self, context: Context, first_day: date | None = None, last_day: date | None = None
    ) -> CallStats:
        """Calls, bookings, durations and costs (in cents) of a period, by default the last thirty days."""
        return figures().call_stats(context.company, _period(context, first_day, last_day))

    @rpc("getFailedAppointments", Access.READ, tells_personal_data=True)
    def get_failed_appointments(
        self, context: Context, first_day: date | None = None, last_day: date | None = None, limit: Lines = 50
    ) -> FailedAppointments:
        """Bookings that failed for good, the latest first, with what became of their follow-up."""
        period = _period(context, first_day, last_day)
        return FailedAppointments(appointments=figures().failed_appointments(context.company, period, limit))

    @rpc("getTenantStats", Access.READ)
    def get_tenant_stats(self, context: Context) -> TenantStats:
        """The company at a glance: customers, services, appointments, follow-ups, calls and costs of this month."""
        return figures().tenant_stats(context.company)


@register
class QueueMCPServer(MCPServer):
    """The state of the work. A job is a webhook event, by its id; workers and metrics are the installation's."""

    name = "queue"
    read_permission = "mcp_gateway.view_webhookevent"
    write_permission = "mcp_gateway.change_webhookevent"

    def health(self) -> Health:
        """Degraded while no worker answers, or mails do not go out: work waits then, nothing is lost."""
        status = worker_queue.sign_of_life()
        if status != "ok":
            return Health(status="degraded", reason=status)
        late = outbox.overdue()
        return Health(status="degraded", reason=f"{late} messages wait to be sent") if late else Health()

    @rpc("getOverview", Access.READ)
    def get_overview(self, context: Context) -> Overview:
        """How much of the company's work waits, runs and has failed, and whether workers are up."""
        return worker_queue.overview(context.company, _patience(context))

    @rpc("getWorkers", Access.READ, needs_company=False)
    def get_workers(self, context: Context) -> Workers:
        """The workers of the installation that answer within a second."""
        return worker_queue.workers(_patience(context))

    @rpc("getFailedJobs", Access.READ)
    def get_failed_jobs(self, context: Context, limit: Lines = 50) -> Jobs:
        """The company's jobs that failed or were given up, the latest first."""
        rows = event_log.events(context.company).filter(state__in=event_log.STUCK)
        return Jobs(jobs=[event_log.line(event) for event in rows[:limit]])

    @rpc("getRecentJobs", Access.READ)
    def get_recent_jobs(self, context: Context, limit: Lines = 50) -> Jobs:
        """The company's latest jobs, whatever their state."""
        return Jobs(jobs=[event_log.line(event) for event in event_log.events(context.company)[:limit]])

    @rpc("getJobDetails", Access.READ)
    def get_job_details(self, context: Context, job_id: EventId) -> EventHistory:
        """One job with all its attempts."""
        return event_log.history(event_log.event_of(context.company, job_id))

    @rpc("retryJob", Access.WRITE)
    def retry_job(self, context: Context, job_id: EventId, reason: Reason = "retryJob") -> Retry:
        """Have a settled job done once more, by the next free worker; refused while it waits or runs."""
        job = inbox.replay(event_log.event_of(context.company, job_id).pk, reason=reason, by=context.principal)
        return Retry(job_id=job_id, was=job.state, state=WebhookEvent.State.RECEIVED.value)

    @rpc("getMetrics", Access.READ, needs_company=False)
    def get_metrics(self, context: Context) -> Metrics:
        """Figures of the installation's work: events by state, the last hour's ends and failures, workers."""
        return worker_queue.metrics(_patience(context))


def _period(context: Context, first_day: date | None, last_day: date | None) -> Period:
    return Period.of(context.company.zone, first_day, last_day)


def _patience(context: Context) -> float:
    """How long workers may take to answer."""
    return min(ANSWER_SECONDS, context.seconds_left() / 2)
