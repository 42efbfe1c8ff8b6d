"""Collecting what is to be judged: our rows as plain values. Nothing is judged or left out here."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from appointments.models import Appointment, Call, FollowUp
from mcp_gateway.models import OutboxMessage, WebhookEvent
from retell.truth.control import Control
from retell.truth.draining import unsettled_appointments
from retell.truth.playing import Stage
from retell.truth.record import CallRow, Event, Evidence, Mail, Message, Row, Task

# How a customer's mail is named: appointment, news, start, revision.
MESSAGE_ID = re.compile(r"<appointment\.(\d+)\.(\w+)\.(\d{8}T\d{4})\.\d+@")


def collect(stage: Stage, control: Control, mails: Path) -> Evidence:
    """`mails` is the folder that they were written to."""
    companies = [company.pk for company in stage.scripts.companies.values()]
    return Evidence(
        conversations=stage.conversations,
        done=tuple(stage.done),
        bookings=control.bookings(),
        rows=tuple(_rows(companies)),
        tasks=tuple(
            map(_task, FollowUp.objects.filter(company__in=companies).select_related("call", "appointment__call"))
        ),
        events=tuple(map(_event, WebhookEvent.objects.filter(company__in=companies))),
        messages=tuple(map(_message, OutboxMessage.objects.filter(company__in=companies))),
        mails=tuple(_mails(mails)),
        calls=tuple(map(_call, Call.objects.filter(company__in=companies))),
    )


def _mails(folder: Path) -> Iterator[Mail]:
    for path in folder.glob("*.log"):
        for part in re.split(r"^-{79}$", path.read_text(), flags=re.MULTILINE):
            headers = HeaderParser().parsestr(part.lstrip())
            if named := MESSAGE_ID.match(headers["Message-ID"] or ""):
                yield Mail(
                    appointment=int(named[1]),
                    news=named[2],
                    starts_at=datetime.strptime(f"{named[3]}+0000", "%Y%m%dT%H%M%z"),
                    sent_at=parsedate_to_datetime(headers["Date"]).replace(tzinfo=UTC),
                )


def _rows(companies: Collection[int]) -> list[Row]:
    waiting = set(unsettled_appointments(companies).values_list("pk", flat=True))
    return [
        Row(
            pk=row.pk,
            company_id=row.company_id,
            call_id=row.call.call_id if row.call else "",
            status=row.status,
            starts_at=row.starts_at,
            uid=row.calcom_booking_uid,
            origin=row.origin,
            is_waiting=row.pk in waiting,
            attempts=row.attempts,
            last_error=row.last_error,
        )
        for row in Appointment.objects.filter(company__in=companies).select_related("call")
    ]


def _task(row: FollowUp) -> Task:
    call = row.call or (row.appointment.call if row.appointment else None)
    return Task(
        call_id=call.call_id if call else "",
        kind=row.kind,
        status=row.status,
        what_to_do=row.what_to_do,
        appointment=row.appointment.pk if row.appointment else None,
    )


def _event(row: WebhookEvent) -> Event:
    last: dict[str, Any] = row.attempts[-1] if row.attempts else {}
    call = row.payload.get("call")
    return Event(
        pk=row.pk,
        provider=row.provider,
        event=row.event,
        call_id=str(call.get("call_id", "")) if isinstance(call, dict) else "",
        state=row.state,
        error=str(last.get("error", "")),
    )


def _message(row: OutboxMessage) -> Message:
    return Message(pk=row.pk, kind=row.kind, state=row.state, error=row.last_error)


def _call(row: Call) -> CallRow:
    wish = row.collected_data.get("state", "wanted") if row.collected_data else ""
    return CallRow(call_id=row.call_id, status=row.status, is_over=row.is_over, wish=wish)
