"""A caller on the line to a salon whose calendar is a running Cal.com sandbox, on a Monday at ten in Berlin."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from appointments import conversation
from appointments.conversation import Said
from appointments.models import Appointment, Call, FollowUp, Service
from appointments.voice import Reply
from appointments.wishes import Wish, wish_of
from tests.calcom.conftest import CalcomControl
from tests.factories import make_call

BERLIN = ZoneInfo("Europe/Berlin")
# The sandbox's hosts work from 8 to 18 UTC: 9 to 19 o'clock in Berlin.
NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
CALLER = "+4915112345678"
GOOD = {"name": "Erika Beispiel", "date": "morgen", "time": "14 Uhr", "service": "Haarschnitt"}

# Any claim that something is booked, moved or cancelled, in either language.
CLAIM = re.compile(
    r"\b(?:ist|sind|wurde|habe|hat)\b(?:(?!\bnicht\b)[^.?:])*"
    r"\b(?:gebucht|bestätigt|reserviert|eingetragen|verschoben|verlegt|abgesagt|storniert)\b"
    r"|\b(?:is|are|was|has been|have|'ve)(?: now| been)? (?:booked|confirmed|reserved|scheduled|moved|cancelled)\b",
    re.IGNORECASE,
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@dataclass
class Conversation:
    """One call; each method is a function of the agent, its arguments are what the agent passes on."""

    service: Service
    control: CalcomControl
    call: Call = field(init=False)
    number: str | None = CALLER

    def __post_init__(self) -> None:
        self.call = make_call(self.service.company, caller_phone=self.number, status=Call.Status.ONGOING)

    def collect(self, **words: Any) -> Reply:
        return conversation.collect(self._fresh(), Said(**{**GOOD, **words}))

    def adds(self, **words: Any) -> Reply:
        """As `collect`, with nothing but these words."""
        return conversation.collect(self._fresh(), Said(**words))

    def check(self, **words: Any) -> Reply:
        return conversation.check(self._fresh(), Said(**{"service": "Haarschnitt", **words}))

    def change(self, **words: Any) -> Reply:
        return conversation.change(self._fresh(), Said(**words))

    def cancel(self, **words: Any) -> Reply:
        return conversation.cancel(self._fresh(), Said(**words))

    def find(self, **words: Any) -> Reply:
        return conversation.find(self._fresh(), Said(**words))

    def callback(self, **words: Any) -> Reply:
        return conversation.request_callback(self._fresh(), Said(**words))

    def wish(self) -> Wish | None:
        return wish_of(self._fresh())

    def row(self) -> Appointment | None:
        return Appointment.objects.filter(call=self.call).order_by("pk").last()

    def follow_ups(self) -> list[FollowUp]:
        return list(FollowUp.objects.filter(call=self.call))

    def take(self, moment: str) -> None:
        """Somebody books the time on the web."""
        start = berlin(moment).isoformat()
        event_type = self.service.calcom_event_type_id
        self.control.post("bookings", event_type_id=event_type, start=start, email="web@salon.example")

    def _fresh(self) -> Call:
        return Call.objects.select_related("company", "customer").get(pk=self.call.pk)


def told(reply: Reply, name: str) -> Any:
    return reply.as_json()[name]


def times(reply: Reply, name: str = "alternatives") -> list[str]:
    return [f"{one['date']} {one['time']}" for one in told(reply, name)]
