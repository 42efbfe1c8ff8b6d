"""A whole phone call played by Retell's sandbox, where that stands in for Retell: on this machine, in development."""

from django.conf import settings
from django.utils.translation import gettext as _

from appointments.models import Company
from mcp_gateway.errors import GatewayError
from retell.demo.call import DemoFailed, free_start, play, script
from retell.demo.company import Vendors
from retell.loopback import is_loopback
from retell.portal.checks import error_in_words


class CallNotPlayed(Exception):
    """The text says why, for staff."""


def is_possible() -> bool:
    return bool(settings.DEBUG) and is_loopback(settings.RETELL_API_URL)


def play_trial_call(company: Company) -> str:
    """Play it to its end, which takes a second or two, and return its id; the booking comes by the worker."""
    service = company.services.filter(is_active=True, calcom_event_type_id__isnull=False).first()
    if service is None:
        raise CallNotPlayed(_("No service is linked to an event type yet."))
    if not (company.phone_number and company.retell_api_key):
        raise CallNotPlayed(_("The company needs a phone number and a Retell API key first."))
    vendors = Vendors(calcom_url=company.calcom_url, retell_url=settings.RETELL_API_URL, app_url=settings.APP_URL)
    try:
        report = play(vendors, script(company, service, free_start(company, service)))
    except GatewayError as error:
        raise CallNotPlayed(f"Cal.com: {error_in_words(error)}") from None
    except DemoFailed as error:
        raise CallNotPlayed(str(error)[:300]) from None
    return str(report["call_id"])
