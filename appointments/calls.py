"""One row per phone call, from whatever tells of it first, in any order."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from appointments.models import Call, Company, Customer
from appointments.phones import to_e164
from mcp_gateway.bell import ring_on_commit

WARM_TASK = "appointments.tasks.warm_availability"

# News may be late, never wrong: a call that is over does not begin again.
STATUS_RANK = {
    Call.Status.REGISTERED: 0,
    Call.Status.ONGOING: 1,
    Call.Status.NOT_CONNECTED: 2,
    Call.Status.ENDED: 2,
    Call.Status.ERROR: 2,
}


class ForeignCall(Exception):
    """The call id belongs to another company's call."""


@dataclass(frozen=True, kw_only=True)
class CallNews:
    """What one message tells of a call; None or "" means that it says nothing of it. Times are aware."""

    call_id: str
    provider: str
    agent_id: str = ""
    agent_version: int | None = None
    from_number: str = ""
    to_number: str = ""
    direction: str = ""
    status: Call.Status = Call.Status.REGISTERED
    started_at: datetime | None = None
    ended_at: datetime | None = None
    disconnection_reason: str = ""
    transcript: str = ""
    summary: str = ""
    analysis: dict[str, Any] = field(default_factory=dict)
    cost_cents: Decimal | None = None
    is_test: bool = False

    @property
    def caller_number(self) -> str:
        return self.to_number if self.direction == Call.Direction.OUTBOUND else self.from_number


def record_call(company: Company, news: CallNews) -> Call:
    """Make the call or add the news to it; any order of the same news gives the same row. Raises ForeignCall."""
    known = Call.objects.select_related("customer").filter(call_id=news.call_id).first()
    if known is not None and not _adds(_of(known, company), news):
        return known
    if known is None:
        _make(company, news)
    with transaction.atomic():
        call = _of(Call.objects.select_for_update().get(call_id=news.call_id), company)
        _merge(call, news)
        if call.customer_id is None and call.caller_phone:
            call.customer = Customer.objects.filter(company=company, phone=call.caller_phone).first()
        call.save()
    return call


def _make(company: Company, news: CallNews) -> None:
    # In a transaction of its own: a lock that waits behind a failed insert would deadlock with its like.
    defaults = {"company": company, "provider": news.provider}
    _, is_new = Call.objects.get_or_create(call_id=news.call_id, defaults=defaults)
    if is_new:
        ring_on_commit(WARM_TASK, company.pk)


def _of(call: Call, company: Company) -> Call:
    """The call with its company's row, which is known already."""
    if call.company_id != company.pk:
        raise ForeignCall
    call.company = company
    return call


def _adds(call: Call, news: CallNews) -> bool:
    """Whether the news changes anything: most function calls of a conversation tell nothing new of the call."""
    before = {field.attname: getattr(call, field.attname) for field in Call._meta.concrete_fields}
    _merge(call, news)
    return any(getattr(call, name) != value for name, value in before.items())


def _merge(call: Call, news: CallNews) -> None:
    for name in ("agent_id", "agent_version", "from_number", "to_number", "direction"):
        if not getattr(call, name):
            setattr(call, name, getattr(news, name))
    for name in ("started_at", "ended_at", "cost_cents"):
        if (value := getattr(news, name)) is not None:
            setattr(call, name, value)
    # Why it ended is known for good only from Retell: a call that was taken for ended may have ended otherwise.
    for name in ("summary", "analysis", "disconnection_reason"):
        if value := getattr(news, name):
            setattr(call, name, value)
    # A transcript only grows.
    call.transcript = max(call.transcript, news.transcript, key=len)
    call.is_test = call.is_test or news.is_test
    if STATUS_RANK[news.status] > STATUS_RANK[Call.Status(call.status)]:
        call.status = news.status
    call.caller_phone = call.caller_phone or to_e164(news.caller_number)
