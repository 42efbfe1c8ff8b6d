"""Telling people what became of an appointment or a task: put into the outbox in the transaction of the change.

    customer   confirmed, moved, cancelled; where the company lets this system write and there is an address
    company    a follow-up is new, or open again

Each once: under the lock of its row a change is seen by whoever makes it, and by nobody who repeats it. A mail is
written when it goes, from what is true by then; what has been overtaken by another change is not sent any more.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from appointments import ics
from appointments.models import Appointment, Company, FollowUp
from mcp_gateway import outbox
from mcp_gateway.models import OutboxMessage

CUSTOMER_MAIL = "appointments.customer_mail"
FOLLOW_UP_MAIL = "appointments.follow_up_mail"
MAX_SUBJECT = 150
# What Cal.com makes of a phone number where somebody books without an address.
PHONE_ADDRESSES = "sms.cal.com"

Status = Appointment.Status


class News(models.TextChoices):
    """What a customer is told; also the name of the mail's template."""

    SCHEDULED = "scheduled"
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be written; the first line of the template is its subject."""

    template: str
    language: str
    to: str
    context: Mapping[str, Any]
    attachment: MIMEBase | None = None
    reply_to: str = ""


@contextmanager
def telling(appointment: Appointment) -> Iterator[None]:
    """One transaction: whatever the block writes to the appointment's row, its customer is told."""
    with transaction.atomic():
        rows = Appointment.objects.only("status", "starts_at")
        before = rows.select_for_update().get(pk=appointment.pk)
        yield
        after = rows.get(pk=appointment.pk)
        if _is_another(before, after):
            Appointment.objects.filter(pk=after.pk).update(sequence=F("sequence") + 1)
        news = _news(before, after)
        if news and appointment.company.mails_customers == Company.Mailer.US:
            _put_customer_mail(after.pk, news, was_at=before.starts_at)


def tell_staff(follow_up: FollowUp) -> None:
    """Announce an open follow-up to the company, once each time that it was opened."""
    if not is_mailable(follow_up.company.email):
        return
    opening = {"follow_up": follow_up.pk, "opening": follow_up.openings}
    key = f"follow_up:{follow_up.pk}:{follow_up.openings}"
    outbox.put(FOLLOW_UP_MAIL, key, opening, follow_up.company_id)


def is_mailable(address: str | None) -> bool:
    """Whether somebody may read what is sent there: placeholders are nobody's."""
    domain = (address or "").rpartition("@")[2].lower().rstrip(".")
    nobodys = (settings.PLACEHOLDER_EMAIL_DOMAIN.lower().rstrip("."), PHONE_ADDRESSES)
    return bool(domain) and not any(domain == one or domain.endswith(f".{one}") for one in nobodys)


def _is_another(before: Appointment, after: Appointment) -> bool:
    is_called_off = after.status == Status.CANCELLED != before.status
    return is_called_off or before.starts_at != after.starts_at


def _news(before: Appointment, after: Appointment) -> News | None:
    if after.status == Status.CANCELLED and before.status in (Status.BOOKING, Status.SCHEDULED):
        return News.CANCELLED
    if after.status != Status.SCHEDULED:
        return None
    if before.status != Status.SCHEDULED:
        return News.SCHEDULED
    return News.MOVED if before.starts_at != after.starts_at else None


def _put_customer_mail(pk: int, news: News, *, was_at: datetime) -> None:
    appointment = Appointment.objects.select_related("customer").get(pk=pk)
    if not _address(appointment):
        return
    payload = {
        "appointment": appointment.pk,
        "news": news.value,
        "sequence": appointment.sequence,
        "was_at": was_at.isoformat(),
    }
    key = f"appointment:{appointment.pk}:{news}:{appointment.starts_at:%Y%m%dT%H%M}:{appointment.sequence}"
    outbox.put(CUSTOMER_MAIL, key, payload, appointment.company_id)


def _address(appointment: Appointment) -> str:
    """Where the customer reads mail; "" where nobody does."""
    known = (appointment.attendee_email, appointment.customer.email if appointment.customer else None)
    return next((address for address in known if address and is_mailable(address)), "")


@outbox.sends(CUSTOMER_MAIL)
def mail_customer(message: OutboxMessage) -> None:
    """Tell a customer what became of the appointment, if that is still so."""
    news = News(message.payload["news"])
    rows = Appointment.objects.select_related("company", "service", "customer")
    appointment = rows.filter(pk=message.payload["appointment"]).first()
    if appointment is None or not _is_still_so(appointment, news, message.payload["sequence"]):
        raise outbox.Unneeded("The appointment has changed since, or is over.")
    to = _address(appointment)
    if not to:
        raise outbox.Unneeded("The customer has no e-mail address any more.")
    context = {
        "appointment": appointment,
        "company": appointment.company,
        "was_at": datetime.fromisoformat(message.payload["was_at"]),
    }
    mail = Mail(
        template=news.value,
        language=appointment.language or appointment.company.default_language,
        to=to,
        context=context,
        attachment=_calendar_part(appointment, news, to),
        reply_to=appointment.company.email,
    )
    _send(mail, appointment.company, message)


def _is_still_so(appointment: Appointment, news: News, sequence: int) -> bool:
    expected = Status.CANCELLED if news == News.CANCELLED else Status.SCHEDULED
    is_ahead = appointment.starts_at > timezone.now()
    return is_ahead and appointment.status == expected and appointment.sequence == sequence


@outbox.sends(FOLLOW_UP_MAIL)
def mail_follow_up(message: OutboxMessage) -> None:
    """Tell the company that there is something to do, if there still is."""
    rows = FollowUp.objects.select_related("company", "call__customer", "appointment__customer")
    follow_up = rows.filter(pk=message.payload["follow_up"]).first()
    if follow_up is None or follow_up.status == FollowUp.Status.DONE:
        raise outbox.Unneeded("It is done already.")
    if follow_up.openings != message.payload["opening"]:
        raise outbox.Unneeded("It was opened again since, which is told by another mail.")
    company = follow_up.company
    if not is_mailable(company.email):
        raise outbox.Unneeded("The company has no e-mail address any more.")
    context = {
        "follow_up": follow_up,
        "who": who_is_meant(follow_up),
        "number": number_to_call(follow_up),
        "link": _link(follow_up),
    }
    _send(Mail("follow_up", company.default_language, company.email, context), company, message)


def who_is_meant(follow_up: FollowUp) -> str:
    appointment, call = follow_up.appointment, follow_up.call
    if appointment and appointment.attendee_name:
        return appointment.attendee_name
    return call.customer.name if call and call.customer else ""


def number_to_call(follow_up: FollowUp) -> str:
    appointment, call = follow_up.appointment, follow_up.call
    if call and call.caller_phone:
        return call.caller_phone
    return (appointment.customer.phone or "") if appointment and appointment.customer else ""


def _link(follow_up: FollowUp) -> str:
    return f"{settings.APP_URL}{reverse('admin:appointments_followup_change', args=(follow_up.pk,))}"


def _calendar_part(appointment: Appointment, news: News, to: str) -> MIMEBase:
    """The appointment for the customer's calendar. In base64: a mail server may not touch its line ends."""
    method: ics.Method = "CANCEL" if news == News.CANCELLED else "REQUEST"
    company = appointment.company
    event = ics.Event(
        uid=str(appointment.booking_key),
        sequence=appointment.sequence,
        start=appointment.starts_at,
        end=appointment.ends_at,
        summary=f"{appointment.service.name}, {company.name}",
        location=company.name,
        organizer_name=company.name,
        organizer_email=company.email or _own_address(),
        attendee_email=to,
    )
    part = MIMEBase("text", "calendar", charset="utf-8", method=method)
    part.set_payload(ics.message(event, method, stamp=timezone.now()))
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename="appointment.ics")
    return part


def _send(mail: Mail, company: Company, message: OutboxMessage) -> None:
    """Hand the mail to the mail server. Raises outbox.CanNotBeSent where that knows no such address."""
    with translation.override(mail.language), timezone.override(company.zone):
        subject, _, body = render_to_string(f"mail/{mail.template}.txt", dict(mail.context)).strip().partition("\n")
    written = EmailMessage(
        subject=_one_line(subject)[:MAX_SUBJECT],
        body=f"{body.strip(chr(10))}\n",
        from_email=formataddr((_one_line(company.name), _own_address())),
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        attachments=[mail.attachment] if mail.attachment else None,
        headers=_headers(message),
    )
    try:
        written.send()
    except SMTPRecipientsRefused as refusal:
        if all(code >= 500 for code, _ in refusal.recipients.values()):
            raise outbox.CanNotBeSent("The mail server does not take mail for this address.") from None
        raise


def _headers(message: OutboxMessage) -> dict[str, str]:
    """The same Message-ID whenever it is tried, so that a mail that goes out twice is seen as one; no auto-replies."""
    name = message.dedupe_key.replace(":", ".")
    return {"Message-ID": f"<{name}@{_own_address().rpartition('@')[2]}>", "Auto-Submitted": "auto-generated"}


def _own_address() -> str:
    """The bare address of DEFAULT_FROM_EMAIL, which may have a name before it."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _one_line(text: str) -> str:
    return " ".join(text.split())
