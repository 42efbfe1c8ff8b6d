"""RetellCustomFunctionMCPServer."""

from typing import Annotated, Any

from django.utils.translation import gettext_noop
from pydantic import Field

from appointments import conversation
from appointments.calls import ForeignCall, record_call
from appointments.conversation import Said
from appointments.models import Call
from appointments.voice import Reply
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.payload import NoCallId, call_news
from retell.webhook_events import either

# A voice model sends numbers, null or lists where words are meant: what is not words is sorted out later.
Words = Annotated[Any, Field(json_schema_extra={"type": "string"})]

# Longest where the calendar writes while the caller waits.
SPEAKING_DEADLINE = 12.0


@register
class RetellCustomFunctionMCPServer(MCPServer):
    """What a voice agent may call during a conversation. Every argument is the caller's own words, or missing."""

    name = "retell_custom"
    read_permission = "appointments.view_call"
    write_permission = "appointments.change_appointment"
    needs_signed_call = True

    def health(self) -> Health:
        return Health()

    @rpc("collect_appointment_information", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def collect_appointment_information(
        self,
        context: Context,
        name: Words = None,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        notes: Words = None,
        email: Words = None,
        confirmed: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        notizen: Words = None,
        bestaetigung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Note the caller's wish for an appointment: the caller's own words for day, time and service."""
        said = Said(
            name=name,
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            notes=either(notes, notizen),
            email=email,
            confirmed=either(confirmed, bestaetigung),
            language=either(language, sprache),
        )
        return conversation.collect(_live_call(context), said)

    @rpc("check_availability", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def check_availability(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Say what is free on a day, in a part of it, in a week, or next."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            language=either(language, sprache),
        )
        return conversation.check(_live_call(context), said)

    @rpc("change_appointment_details", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def change_appointment_details(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        new_date: Words = None,
        new_time: Words = None,
        reason: Words = None,
        confirmed: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        neues_datum: Words = None,
        neue_uhrzeit: Words = None,
        grund: Words = None,
        bestaetigung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Move an appointment of the number that calls to a new day and time; `date` and `time` say which one."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            new_date=either(new_date, neues_datum),
            new_time=either(new_time, neue_uhrzeit),
            reason=either(reason, grund),
            confirmed=either(confirmed, bestaetigung),
            language=either(language, sprache),
        )
        return conversation.change(_live_call(context), said)

    @rpc(
        "cancel_appointment",
        Access.WRITE,
        ignores_unknown=True,
        is_destructive=True,
        deadline_seconds=SPEAKING_DEADLINE,
    )
    def cancel_appointment(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        reason: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        grund: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Cancel an appointment of the number that calls; `date` and `time` say which one."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            reason=either(reason, grund),
            language=either(language, sprache),
        )
        return conversation.cancel(_live_call(context), said)

    @rpc("find_appointments", Access.WRITE, ignores_unknown=True)
    def find_appointments(self, context: Context, language: Words = None, sprache: Words = None) -> Reply:
        """Name the upcoming appointments of the number that calls."""
        return conversation.find(_live_call(context), Said(language=either(language, sprache)))

    @rpc("request_callback", Access.WRITE, ignores_unknown=True)
    def request_callback(
        self,
        context: Context,
        name: Words = None,
        phone: Words = None,
        reason: Words = None,
        notes: Words = None,
        language: Words = None,
        telefon: Words = None,
        grund: Words = None,
        notizen: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Note that somebody is to call the caller back; `phone` only where the number that calls is not the one."""
        said = Said(
            name=name,
            phone=either(phone, telefon),
            reason=either(reason, grund),
            notes=either(notes, notizen),
            language=either(language, sprache),
        )
        return conversation.request_callback(_live_call(context), said)


def _live_call(context: Context) -> Call:
    """The call of the signed body, made if this is the first that is heard of it."""
    if context.principal.signed_call is None:
        raise Conflict(
            gettext_noop("This works only within a phone call that Retell has signed"), kind="no_signed_call"
        )
    try:
        return record_call(context.company, call_news(context.principal.signed_call))
    except NoCallId:
        raise InvalidParams(gettext_noop("The signed body names no call"), kind="call_id_missing") from None
    except ForeignCall:
        raise NotFound(gettext_noop("No such call")) from None
