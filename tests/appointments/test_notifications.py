"""What customers and the company are told, once, and never what is not so."""

import re
import smtplib
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from appointments import changes
from appointments.booking import book
from appointments.customers import customer_for
from appointments.follow_ups import call_back, follow_up, review_call
from appointments.intents import book_wish
from appointments.models import Appointment, Company, FollowUp, Service
from appointments.notifications import FOLLOW_UP_MAIL, is_mailable, telling
from mcp_gateway import outbox
from mcp_gateway.models import OutboxMessage
from tests.appointments.test_ics import unfolded
from tests.appointments.threads import at_once
from tests.appointments.wishing import an_ended_call
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_call, make_company, make_service

ERIKA = "erika@example.com"
Status = Appointment.Status
State = OutboxMessage.State


@pytest.fixture
def writes(salon: Company) -> Company:
    """The salon, which lets this system write to its customers."""
    salon.mails_customers = Company.Mailer.US
    salon.save()
    return salon


def make(service: Service, **more: Any) -> Appointment:
    values = {"start": SLOT, "name": "Erika Beispiel", "phone": "+4915112345678", "email": ERIKA, **more}
    service.refresh_from_db()
    return changes.create_appointment(company=service.company, service=service, **values)


def delivered() -> list[mail.EmailMessage]:
    """Send what waits, and take everything that was sent so far."""
    for message_id in outbox.due_messages():
        outbox.deliver(message_id)
    sent, mail.outbox = mail.outbox, []
    return sent


def states() -> list[str]:
    return list(OutboxMessage.objects.order_by("pk").values_list("state", flat=True))


def calendar_part(message: mail.EmailMessage) -> Message:
    (part,) = message.attachments
    return part


def calendar(message: mail.EmailMessage) -> dict[str, str]:
    """The lines of the attachment by name."""
    lines = unfolded(calendar_part(message).get_payload(decode=True))
    return dict(re.split(r"[:;]", line, maxsplit=1) for line in lines)


class TestCustomers:
    def test_a_booking_is_confirmed(self, haircut: Service, writes: Company) -> None:
        appointment = make(haircut)
        (message,) = delivered()
        assert message.to == [ERIKA]
        assert message.subject.startswith("Ihr Termin am ")
        at = SLOT.astimezone(writes.zone)
        assert f"{at:%d}".lstrip("0") + ". " in message.subject
        assert f"{at:%H:%M}" in message.subject
        assert "Hallo Erika Beispiel," in message.body
        assert haircut.name in message.body
        assert states() == [State.SENT]
        assert calendar(message)["UID"] == str(appointment.booking_key)

    def test_in_the_customers_language(self, haircut: Service, writes: Company) -> None:
        make(haircut, language="en")
        (message,) = delivered()
        assert message.subject.startswith("Your appointment on ")
        assert "Hello Erika Beispiel,\n\nyour appointment is booked:" in message.body

    def test_a_call_that_is_worked_on_five_times_confirms_once(self, haircut: Service, writes: Company) -> None:
        call = an_ended_call(haircut, email=ERIKA)
        for _ in range(5):
            book_wish(call)
        assert len(delivered()) == 1

    def test_the_calendar_part_is_an_invitation(self, haircut: Service, writes: Company) -> None:
        make(haircut)
        (message,) = delivered()
        part = calendar_part(message)
        assert (part.get_content_type(), part.get_param("method"), part.get_filename()) == (
            "text/calendar",
            "REQUEST",
            "appointment.ics",
        )
        found = calendar(message)
        assert (found["METHOD"], found["SEQUENCE"], found["STATUS"]) == ("REQUEST", "0", "CONFIRMED")
        assert (found["DTSTART"], found["DTEND"]) == (f"{SLOT:%Y%m%dT%H%M%SZ}", f"{SLOT + HOUR:%Y%m%dT%H%M%SZ}")

    def test_a_move_is_told_with_both_times(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        (booked,) = delivered()
        changes.reschedule_appointment(made, start=SLOT + HOUR, reason="")
        (moved,) = delivered()
        assert moved.subject.startswith("Verschoben: ")
        for moment in (SLOT, SLOT + HOUR):
            assert f"{moment.astimezone(writes.zone):%H:%M}" in moved.body
        assert calendar(moved)["UID"] == calendar(booked)["UID"]
        assert (calendar(moved)["METHOD"], calendar(moved)["SEQUENCE"]) == ("REQUEST", "1")

    def test_a_cancellation_is_told(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        delivered()
        changes.cancel_appointment(made, reason="Ill")
        changes.cancel_appointment(made, reason="Ill")
        (cancelled,) = delivered()
        assert cancelled.subject.startswith("Abgesagt: ")
        assert (calendar(cancelled)["METHOD"], calendar(cancelled)["SEQUENCE"]) == ("CANCEL", "1")
        assert calendar_part(cancelled).get_param("method") == "CANCEL"

    def test_the_sequence_rises_with_every_change(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        told = delivered()
        for start in (SLOT + HOUR, SLOT):
            made = changes.reschedule_appointment(made, start=start, reason="")
            told += delivered()
        changes.cancel_appointment(made, reason="")
        told += delivered()
        assert [calendar(message)["SEQUENCE"] for message in told] == ["0", "1", "2", "3"]

    def test_what_was_overtaken_is_not_sent(self, haircut: Service, writes: Company) -> None:
        changes.reschedule_appointment(make(haircut), start=SLOT + HOUR, reason="")
        (message,) = delivered()
        assert message.subject.startswith("Verschoben: ")
        assert states() == [State.SKIPPED, State.SENT]

    def test_nothing_is_sent_about_what_is_over(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        past = timezone.now() - timedelta(minutes=1)
        Appointment.objects.filter(pk=made.pk).update(starts_at=past)
        assert delivered() == []

    def test_a_request_is_not_confirmed_before_it_is(self, colour: Service, writes: Company) -> None:
        made = make(colour)
        assert made.status == Status.BOOKING
        assert delivered() == []
        changes.confirm_appointment(made)
        (message,) = delivered()
        assert message.subject.startswith("Ihr Termin am ")

    def test_a_failed_booking_tells_the_customer_nothing(
        self, haircut: Service, writes: Company, control: CalcomControl
    ) -> None:
        control.post("bookings", event_type_id=haircut.calcom_event_type_id, start=SLOT.isoformat())
        assert make(haircut).status == Status.FAILED
        assert delivered() == []

    def test_where_calcom_writes_we_do_not(self, haircut: Service) -> None:
        changes.cancel_appointment(make(haircut), reason="")
        assert not OutboxMessage.objects.exists()

    @pytest.mark.parametrize("email", [None, "x@no-mail.invalid", "x@sub.No-Mail.invalid", "4915112345678@sms.cal.com"])
    def test_nobodys_addresses_get_nothing(self, haircut: Service, writes: Company, email: str | None) -> None:
        make(haircut, email=email)
        assert not OutboxMessage.objects.exists()

    def test_a_known_customers_address_is_used(self, haircut: Service, writes: Company) -> None:
        customer_for(writes, phone="+4915112345678", name="Erika", email="known@example.com", language="de")
        make(haircut, email=None)
        assert [message.to for message in delivered()] == [["known@example.com"]]

    def test_the_outbox_holds_neither_names_nor_addresses(self, haircut: Service, writes: Company) -> None:
        make(haircut)
        row = OutboxMessage.objects.get()
        assert not re.search(r"erika|beispiel|@|\+49", f"{row.payload} {row.dedupe_key}", re.IGNORECASE)

    def test_customers_answer_to_the_company(self, haircut: Service, writes: Company) -> None:
        Company.objects.filter(pk=writes.pk).update(email="salon@example.com")
        make(haircut)
        (message,) = delivered()
        assert message.reply_to == ["salon@example.com"]
        assert calendar(message)["ORGANIZER"].endswith("mailto:salon@example.com")

    def test_names_make_no_headers(self, haircut: Service, writes: Company) -> None:
        Company.objects.filter(pk=writes.pk).update(name="Salon\r\nBcc: evil@example.com")
        make(haircut, name='<b>"O\'Hara" & Co</b>')
        (message,) = delivered()
        assert message.recipients() == [ERIKA]
        written = message.message()
        assert "Bcc" not in written
        assert "\n" not in message.subject
        assert '<b>"O\'Hara" & Co</b>' in message.body

    def test_a_mail_that_goes_out_twice_has_one_name(self, haircut: Service, writes: Company) -> None:
        make(haircut)
        (first,) = delivered()
        OutboxMessage.objects.update(state=State.WAITING)
        (second,) = delivered()
        assert first.message()["Message-ID"] == second.message()["Message-ID"]

    @pytest.mark.django_db(transaction=True)
    def test_workers_at_once_tell_once(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        OutboxMessage.objects.all().delete()

        def cancel(number: int) -> None:
            with telling(made):
                Appointment.objects.filter(pk=made.pk).update(status=Status.CANCELLED)

        at_once(6, cancel)
        assert OutboxMessage.objects.count() == 1
        assert Appointment.objects.get().sequence == 1

    def test_what_is_rolled_back_is_not_told(self, haircut: Service, writes: Company) -> None:
        made = make(haircut)
        delivered()
        with transaction.atomic():
            with telling(made):
                Appointment.objects.filter(pk=made.pk).update(status=Status.CANCELLED)
            transaction.set_rollback(True)
        assert delivered() == []
        assert Appointment.objects.get().status == Status.SCHEDULED


class RefusingBackend(EmailBackend):
    """A mail server that knows no such address for good ("unknown") or for now ("greylisted")."""

    def send_messages(self, messages: Any) -> int:
        (address,) = messages[0].to
        if address.startswith(("unknown", "greylisted")):
            code = 550 if address.startswith("unknown") else 451
            raise smtplib.SMTPRecipientsRefused({address: (code, b"")})
        return super().send_messages(messages)


class TestMailServer:
    @pytest.fixture(autouse=True)
    def _backend(self, settings: Settings) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"

    def test_an_unknown_address_is_given_up(self, haircut: Service, writes: Company) -> None:
        assert make(haircut, email="unknown@example.com").status == Status.SCHEDULED
        assert delivered() == []
        assert states() == [State.FAILED]

    def test_one_that_is_refused_for_now_is_tried_again(self, haircut: Service, writes: Company) -> None:
        make(haircut, email="greylisted@example.com")
        assert delivered() == []
        assert states() == [State.WAITING]


class TestTheCompany:
    @pytest.fixture
    def office(self, db: None) -> Company:
        return make_company(email="office@example.com")

    @pytest.fixture
    def failed(self, office: Company) -> Appointment:
        return Appointment.objects.create(
            company=office,
            service=make_service(office),
            starts_at=SLOT,
            ends_at=SLOT + HOUR,
            status=Status.FAILED,
            attendee_name="Erika Beispiel",
            call=make_call(office, caller_phone="+4915112345678"),
        )

    def test_a_follow_up_is_announced(self, failed: Appointment, settings: Settings) -> None:
        settings.APP_URL = "https://phone.example.com"
        follow_up(failed, FollowUp.Kind.BOOKING_FAILED, "Book it by hand & call <back>.")
        (message,) = delivered()
        assert message.to == ["office@example.com"]
        assert message.subject == "Bitte kümmern: Buchung fehlgeschlagen (Erika Beispiel)"
        assert message.body.startswith(
            "Book it by hand & call <back>.\n\nName: Erika Beispiel\nTelefon: +4915112345678"
        )
        row = FollowUp.objects.get()
        assert f"https://phone.example.com/admin/appointments/followup/{row.pk}/change/\n" in message.body

    def test_in_the_companys_language(self, office: Company) -> None:
        Company.objects.update(default_language="en")
        call_back(make_call(office, language="de"), "Call Erika.")
        (message,) = delivered()
        assert message.subject == "Please see to it: call back"
        assert "Open it here, and mark it as done afterwards:" in message.body

    def test_what_is_open_already_is_not_announced_again(self, failed: Appointment) -> None:
        for number in range(3):
            follow_up(failed, FollowUp.Kind.NEEDS_REVIEW, f"Look at it, {number}.")
        (message,) = delivered()
        assert message.body.startswith("Look at it, 2.")

    @pytest.mark.parametrize("status", [FollowUp.Status.DONE, FollowUp.Status.TAKEN])
    def test_what_is_opened_again_is(self, failed: Appointment, status: FollowUp.Status) -> None:
        follow_up(failed, FollowUp.Kind.NEEDS_REVIEW, "Look at it.")
        delivered()
        FollowUp.objects.update(status=status)
        follow_up(failed, FollowUp.Kind.NEEDS_REVIEW, "Look at it.")
        assert len(delivered()) == 1

    def test_a_call_back_is_announced_once_and_when_it_is_opened_again(self, office: Company) -> None:
        call = make_call(office)
        call_back(call, "Call Erika.")
        call_back(call, "Soon.")
        call_back(call, "Soon.")
        (message,) = delivered()
        assert message.body.startswith("Call Erika.\nSoon.")
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        call_back(call, "Again.")
        assert len(delivered()) == 1

    def test_a_call_to_be_looked_at_is_announced(self, office: Company) -> None:
        call = make_call(office)
        review_call(call, "Look at the call.")
        review_call(call, "Look at the call.")
        assert len(delivered()) == 1

    def test_what_was_done_meanwhile_is_not_announced(self, failed: Appointment) -> None:
        follow_up(failed, FollowUp.Kind.NEEDS_REVIEW, "Look at it.")
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        assert delivered() == []
        assert states() == [State.SKIPPED]

    def test_a_company_without_an_address_is_not_written_to(self, company: Company) -> None:
        call_back(make_call(company), "Call Erika.")
        assert not OutboxMessage.objects.exists()

    def test_a_booking_that_fails_again_and_again_is_announced_once(
        self, haircut: Service, salon: Company, control: CalcomControl
    ) -> None:
        Company.objects.filter(pk=salon.pk).update(email="salon@example.com")
        control.post("bookings", event_type_id=haircut.calcom_event_type_id, start=SLOT.isoformat())
        failed = make(haircut)
        for _ in range(3):
            book(failed)
        assert [message.kind for message in OutboxMessage.objects.all()] == [FOLLOW_UP_MAIL]


@pytest.mark.parametrize(
    ("address", "mailable"),
    [
        (ERIKA, True),
        ("", False),
        (None, False),
        ("a@no-mail.invalid", False),
        ("a@NO-MAIL.invalid.", False),
        ("a@b.no-mail.invalid", False),
        ("a@not-no-mail.invalid", True),
    ],
)
def test_whose_address_it_is(address: str | None, mailable: bool, settings: Settings) -> None:
    settings.PLACEHOLDER_EMAIL_DOMAIN = "no-mail.invalid"
    assert is_mailable(address) is mailable
