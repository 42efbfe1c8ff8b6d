"""How the companies' connections fare: noted whenever somebody tests one through the gateway, and told in words."""

from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError
from mcp_gateway.gateway import Ended
from retell.models import IntegrationCheck

What = IntegrationCheck.What
METHODS = {
    What.CALCOM: "calcom.testConnection",
    What.RETELL: "retell_config.testConnection",
    What.DRIFT: "retell_config.getDrift",
}
DRIFTS = "drifts"
# By the gateway's kinds of errors.
WORDS: dict[str, Promise] = {
    "": gettext_lazy("works"),
    "not_configured": gettext_lazy("no key is stored"),
    "unauthorised": gettext_lazy("the key is not accepted"),
    "rate_limited": gettext_lazy("asks for a pause: try again in a minute"),
    "unreachable": gettext_lazy("can't be reached"),
    "service_unavailable": gettext_lazy("is left alone for a moment, because it kept failing"),
    "deadline_exceeded": gettext_lazy("did not answer in time"),
    "unknown_outcome": gettext_lazy("did not say whether it did that: look before you repeat it"),
    "forbidden": gettext_lazy("your role does not allow that"),
    "not_found": gettext_lazy("knows no such object"),
    "method_not_found": gettext_lazy("this system can't do that yet"),
    DRIFTS: gettext_lazy("differ from what is set up here"),
}


def in_words(kind: str) -> str:
    return str(WORDS[kind]) if kind in WORDS else _("did not work (%(kind)s)") % {"kind": kind}


def error_in_words(error: GatewayError) -> str:
    """What a member of staff is told; the gateway's own words where there are none for this kind."""
    return str(WORDS.get(error.kind) or _(error.message))


@gateway.hears_of(METHODS[What.CALCOM])
def note_calcom(ended: Ended) -> None:
    _note(What.CALCOM, ended, lambda account: account.get("email", ""))


@gateway.hears_of(METHODS[What.RETELL])
def note_retell(ended: Ended) -> None:
    _note(What.RETELL, ended, lambda info: info.get("org_name", ""))


@gateway.hears_of(METHODS[What.DRIFT])
def note_drift(ended: Ended) -> None:
    differs = ended.error is None and not ended.result["in_sync"]
    _note(What.DRIFT, ended, lambda _drifts: "", kind=DRIFTS if differs else "")


def _note(what: IntegrationCheck.What, ended: Ended, subject: Any, kind: str = "") -> None:
    IntegrationCheck.objects.update_or_create(
        company=ended.company,
        what=what,
        defaults={
            "kind": ended.error.kind if ended.error else kind,
            "told": "" if ended.error else str(subject(ended.result))[:200],
            "duration_ms": ended.duration_ms,
            "at": timezone.now(),
        },
    )
