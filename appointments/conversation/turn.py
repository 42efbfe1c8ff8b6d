"""One turn of the conversation: what was said, by whom, in which language, and by when it must be answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import wraps
from time import monotonic
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from appointments.calendar import Calendar, calendar_of
from appointments.models import Call, Company
from appointments.spoken import language_of, named_language, speak_date
from appointments.voice import Reply, meaningful
from mcp_gateway.principal import Principal

# A caller hears silence after a second or two: what the calendar has not said by then is not waited for.
LOOK_SECONDS = 1.5
# Cal.com writes slowly; the agent says something meanwhile.
WRITE_SECONDS = 8.0
# Who hears the same question for the third time would rather speak to somebody.
PATIENCE = 3
REMEMBERED_SECONDS = 3600
MAX_WORDS = 200


@dataclass(frozen=True, kw_only=True)
class Said:
    """The caller's words as the agent passes them on; anything may be missing or junk."""

    name: object = None
    date: object = None
    time: object = None
    service: object = None
    notes: object = None
    email: object = None
    new_date: object = None
    new_time: object = None
    reason: object = None
    phone: object = None
    confirmed: object = None
    language: object = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """`heard_at` is when it was said ("morgen" counts from there); `began` is on the clock of time.monotonic()."""

    function: str
    call: Call
    said: Said
    language: str
    heard_at: datetime
    began: float = field(default_factory=monotonic)

    @property
    def company(self) -> Company:
        return self.call.company

    @property
    def by(self) -> Principal:
        """Who does what the caller asks for, as the audit trail has it."""
        return Principal.of_vendor(self.call.provider, self.call.company_id, home=self.company)

    @property
    def zone(self) -> ZoneInfo:
        return self.company.zone

    @property
    def today(self) -> date:
        return self.heard_at.astimezone(self.zone).date()

    @property
    def look_deadline(self) -> float:
        """Until when the calendar may be asked what is free."""
        return self.began + LOOK_SECONDS

    @property
    def write_deadline(self) -> float:
        """Until when the calendar may confirm what it was told to write."""
        return self.began + WRITE_SECONDS

    @property
    def last_deadline(self) -> float:
        """Until when the calendar may be looked at once more, after it refused to write."""
        return self.write_deadline + LOOK_SECONDS

    def calendar(self, *, after_write: bool = False) -> Calendar:
        """The company's calendar, for a look while the caller waits."""
        return calendar_of(self.company, deadline=self.last_deadline if after_write else self.look_deadline)

    def reply(self, status: str, message: str, **more: object) -> Reply:
        """Every reply tells the agent today's date: the model has no clock."""
        return Reply.model_validate({"status": status, "message": message, "today": self.today.isoformat(), **more})

    def question(self, status: str, message: str, **more: object) -> Reply:
        """As `reply`; who is asked the same again and again is offered a call back."""
        if self._asked_before(status) >= PATIENCE:
            message = " ".join((message, _("Or shall somebody call you back?")))
        return self.reply(status, message, **more)

    def with_today(self, question: str) -> str:
        return " ".join((_("Today is %(today)s.") % {"today": speak_date(self.today, self.language)}, question))

    def _asked_before(self, status: str) -> int:
        """How often this was asked in this call, this time included; a cache that is away forgets it."""
        key = f"asked:{self.call.call_id}:{self.function}:{status}"
        times: int = (cache.get(key) or 0) + 1
        cache.set(key, times, REMEMBERED_SECONDS)
        return times


Answer = Callable[[Turn], Reply]
Function = Callable[..., Reply]


def function(answer: Answer) -> Function:
    """A function of the agent: `answer` in the caller's language."""

    @wraps(answer)
    def answered(call: Call, said: Said, *, heard_at: datetime | None = None) -> Reply:
        language = _language(call, said)
        with translation.override(language):
            return answer(
                Turn(
                    function=answer.__name__,
                    call=call,
                    said=said,
                    language=language,
                    heard_at=heard_at or timezone.now(),
                )
            )

    return answered


def _language(call: Call, said: Said) -> str:
    """What the agent says is spoken, or the customer speaks, or was heard in the call; else the company's."""
    named = named_language(meaningful(said.language, max_length=MAX_WORDS) or "")
    known = call.known_customer.language if call.known_customer else ""
    if named is None and (known or call.language):
        return known or call.language
    when = (said.date, said.time, said.new_date, said.new_time)
    heard = named or language_of(*(meaningful(words, max_length=MAX_WORDS) for words in when))
    if heard is not None and heard != call.language:
        call.language = heard
        Call.objects.filter(pk=call.pk).update(language=heard)
    return heard or call.company.default_language
