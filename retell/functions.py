"""Function calls of a voice agent: what Retell sends becomes a call of `retell_custom`, whatever happens speakable."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from appointments.conversation.turn import MAX_WORDS
from appointments.models import Company
from appointments.spoken import language_of, named_language
from appointments.voice import Reply, meaningful
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError, MethodNotFound
from mcp_gateway.principal import Principal
from retell.payload import call_of

SERVER = "retell_custom"
ALIASES = {
    "collect_appointment": "collect_appointment_information",
    "change_appointment": "change_appointment_details",
}
WHILE_PAUSED = "request_callback"
# Retell cuts an answer after 15,000 characters, in the middle of its JSON.
MAX_CHARACTERS = 14_500
MAX_MESSAGE = 2_000
_WHEN = ("date", "time", "new_date", "new_time", "datum", "uhrzeit", "neues_datum", "neue_uhrzeit")
_VERSION = re.compile(r"_v\d+$")


def canonical_name(name: str) -> str:
    """The registered name: flows send versioned names (book_v17) and older spellings."""
    plain = _VERSION.sub("", name)
    return ALIASES.get(plain, plain)


def answer(company: Company, body: Mapping[str, Any], *, is_paused: bool = False) -> dict[str, Any]:
    """The reply to a verified function call; never raises, always has a speakable message.

    `is_paused`: staff have paused the agent, and all that callers may ask for is to be called back.
    """
    name = canonical_name(_first_text(body, "name", "function_name"))
    arguments = _arguments(body)
    if is_paused and name != WHILE_PAUSED:
        return _paused(_language(company, arguments))
    principal = Principal.of_vendor("retell", company.pk, signed_call=call_of(body), home=company)
    try:
        return _short_enough(gateway.call(f"{SERVER}.{name}", arguments, principal=principal))
    except MethodNotFound:
        return _failure("unknown_function", _language(company, arguments))
    except GatewayError as error:
        return _failure(error.kind, _language(company, arguments))


def out_of_order() -> dict[str, Any]:
    """The reply while not even the company can be read; it tells nothing to somebody who only claims to be Retell."""
    return _failure("internal_error", settings.LANGUAGE_CODE)


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    """The model's arguments. The company comes from the signature alone, so one that it makes up is dropped."""
    for name in ("args", "arguments", "parameters"):
        if isinstance(given := body.get(name), Mapping):
            return {key: value for key, value in given.items() if key != "company_id"}
    return {}


def _short_enough(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent can read whole: lists for its variables go first, then the end of a sentence nobody listens to."""
    told = dict(reply)
    if len(json.dumps(told)) > MAX_CHARACTERS:
        told = {name: value for name, value in told.items() if not isinstance(value, list)}
    if len(json.dumps(told)) > MAX_CHARACTERS:
        told["message"] = told["message"][:MAX_MESSAGE]
    return told


def _failure(status: str, language: str) -> dict[str, Any]:
    with translation.override(language):
        message = _(
            "Something went wrong on our side, and I can't promise you anything now. May somebody call you back?"
        )
    return Reply.technical_failure(status, message).as_json()


def _paused(language: str) -> dict[str, Any]:
    with translation.override(language):
        message = _("I can't see to appointments at the moment. May somebody call you back?")
    return Reply(status="paused", message=message).as_json()


def _language(company: Company, arguments: Mapping[str, Any]) -> str:
    """The one that is named, or heard in the words; else the company's. The database, maybe broken, isn't asked."""
    named = named_language(_words(arguments, "language") or _words(arguments, "sprache") or "")
    return named or language_of(*(_words(arguments, name) for name in _WHEN)) or company.default_language


def _words(arguments: Mapping[str, Any], name: str) -> str | None:
    return meaningful(arguments.get(name), max_length=MAX_WORDS)


def _first_text(body: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := body.get(name), str)), "")
