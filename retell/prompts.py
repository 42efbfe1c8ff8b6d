"""An agent's prompt: made from what the company offers, kept in versions, rolled back by writing an old one anew."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from appointments.models import Company
from appointments.spoken import speak_hours
from mcp_gateway.audit import record_by
from mcp_gateway.errors import NotFound
from mcp_gateway.principal import Principal
from retell.models import PromptVersion, RetellConfiguration


def template(company: Company, language: str) -> str:
    """A prompt to begin with; `{{…}}` are the dynamic variables that the agent gets before each call."""
    with translation.override(language):
        parts = (_greeting(company), _now(), _caller(), _offer(company, language), _rules(), _during_call(company))
        return "\n\n".join(part for part in parts if part)


def write(configuration: RetellConfiguration, text: str, by: Principal, *, restores: int | None = None) -> None:
    """Make this the configuration's prompt, as a version of its own unless nothing changes; "" leaves Retell's."""
    with transaction.atomic():
        configuration = RetellConfiguration.objects.select_for_update().get(pk=configuration.pk)
        before = keep(configuration, by)
        if text == (configuration.prompt_template or ""):
            return
        configuration.prompt_template = text
        configuration.save(update_fields=["prompt_template", "updated_at"])
        record_by(
            by,
            action="retell.prompt_written",
            object_type="RetellConfiguration",
            object_id=configuration.pk,
            company_id=configuration.company_id,
            before={"number": before},
            after={"number": keep(configuration, by, restores=restores), "restores": restores},
        )


def roll_back(configuration: RetellConfiguration, number: int, by: Principal) -> PromptVersion:
    """Write an old version's text anew; raises NotFound where there is none of this number."""
    old = configuration.prompt_versions.filter(number=number).first()
    if old is None:
        raise NotFound(_("There is no such version of the prompt"))
    write(configuration, old.text, by, restores=number)
    return configuration.prompt_versions.latest("number")


def keep(configuration: RetellConfiguration, by: Principal, *, restores: int | None = None) -> int | None:
    """The number of the prompt as it stands, which gets one if it was written past us; None where there is none."""
    text = configuration.prompt_template or ""
    newest = configuration.prompt_versions.order_by("-number").first()
    if not text:
        return None
    if newest and newest.text == text:
        return newest.number
    number = newest.number + 1 if newest else 1
    configuration.prompt_versions.create(number=number, text=text, author=by.name, restores=restores)
    return number


def went_out(configuration: RetellConfiguration, version: int | None) -> None:
    """The prompt as it stands is live with this version of the agent; the first one that it went out with stays."""
    newest = configuration.prompt_versions.order_by("-number").first()
    if newest and newest.text == configuration.prompt_template and newest.deployed_version is None:
        newest.deployed_version, newest.deployed_at = version, timezone.now()
        newest.save(update_fields=["deployed_version", "deployed_at"])


def _greeting(company: Company) -> str:
    name = company.agent_name
    told = {"company": company.name, "agent": name}
    if name:
        return (
            _("You are %(agent)s and answer the phone of %(company)s. Be friendly and brief: one question at a time.")
            % told
        )
    return _("You answer the phone of %(company)s. Be friendly and brief: one question at a time.") % told


def _now() -> str:
    return _(
        "Today is {{current_weekday}}, {{current_date}}: {{today}}. It is {{current_time}}. Tomorrow is {{tomorrow}}, "
        "the day after {{day_after_tomorrow}}. Speak {{language}}, and any other language that the caller speaks."
    )


def _caller() -> str:
    return _(
        "Caller known: {{is_known_customer}}. Name: {{customer_name}}. Next appointment: {{next_appointment}}. What is "
        "empty is not known; do not read it out."
    )


def _offer(company: Company, language: str) -> str:
    services = company.services.filter(is_active=True)
    lines = [
        _("- %(name)s, %(minutes)d minutes") % {"name": one.name, "minutes": one.duration_minutes} for one in services
    ]
    hours = speak_hours(company.opening_hours, language)
    said = [_("These can be booked:"), *lines] if lines else []
    if hours:
        said.append(_("Opening hours: %(hours)s.") % {"hours": hours})
    if company.notice_hours:
        said.append(_("Appointments can be moved until {{notice_hours}} hours before."))
    return "\n".join(said)


def _rules() -> str:
    return "\n".join(
        (
            _("Rules:"),
            _("- Say what `message` of a function's answer says, in the caller's language. Claim nothing beyond it."),
            _("- Pass on the caller's own words for day, time and service. Never compute a date yourself."),
            _("- Ask with check_availability what is free; note wishes with collect_appointment_information."),
            _("- Never say that something is booked, moved or cancelled unless an answer says so."),
            _("- Where you can't help, offer a call back and use request_callback."),
        )
    )


def _during_call(company: Company) -> str:
    if company.booking_mode != Company.BookingMode.DURING_CALL:
        return ""
    return _(
        "After `confirmation_required`, read back what `message` says and call collect_appointment_information again "
        "with `confirmed` true, only after an explicit yes."
    )
