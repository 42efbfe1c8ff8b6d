"""Function calls of a voice agent: what Retell sends becomes a call of `retell_custom`, whatever happens speakable."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from appointments.models import Company
from appointments.voice import Reply
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError, MethodNotFound
from mcp_gateway.principal import Principal
from retell.payload import call_of

SERVER = "retell_custom"
ALIASES = {"collect_appointment": "collect_appointment_information"}
_VERSION = re.compile(r"_v\d+$")


def canonical_name(name: str) -> str:
    """The registered name: flows send versioned names (book_v17) and older spellings."""
    plain = _VERSION.sub("", name)
    return ALIASES.get(plain, plain)


def answer(company: Company, body: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a verified function call; never raises, always has a speakable message."""
    name = canonical_name(_first_text(body, "name", "function_name"))
    principal = Principal.of_vendor("retell", company.pk, signed_call=call_of(body), home=company)
    try:
        return dict(gateway.call(f"{SERVER}.{name}", _arguments(body), principal=principal))
    except MethodNotFound:
        return _failure(company, "unknown_function")
    except GatewayError as error:
        return _failure(company, error.kind)


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    """The model's arguments. The company comes from the signature alone, so one that it makes up is dropped."""
    for name in ("args", "arguments", "parameters"):
        if isinstance(given := body.get(name), Mapping):
            return {key: value for key, value in given.items() if key != "company_id"}
    return {}


def _failure(company: Company, status: str) -> dict[str, Any]:
    with translation.override(company.default_language):
        message = _("Something went wrong on our side. Nothing was booked or changed. May somebody call you back?")
    return Reply.technical_failure(status, message).as_json()


def _first_text(body: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := body.get(name), str)), "")
