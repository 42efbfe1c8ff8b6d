"""A company's account at Retell: the client with its key, and Retell's errors as the gateway tells them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext_noop as _

from appointments.models import Company
from mcp_gateway.errors import Conflict, GatewayError, NotFound, UpstreamError
from mcp_gateway.registry import Context
from retell.client import ErrorKind, RetellClient, RetellError

# What callers of the gateway see of each kind: the error's type, our sentence, whether repeating is useful.
ERRORS: dict[ErrorKind, tuple[type[GatewayError], str, bool]] = {
    ErrorKind.NOT_FOUND: (NotFound, _("Retell knows no such object"), False),
    ErrorKind.REFUSED: (Conflict, _("Retell does not accept this request"), False),
    ErrorKind.UNAUTHORISED: (UpstreamError, _("Retell does not accept the company's API key"), False),
    ErrorKind.RATE_LIMITED: (UpstreamError, _("Retell asks for a pause"), True),
    ErrorKind.UNREACHABLE: (UpstreamError, _("Retell can't be reached"), True),
}


@contextmanager
def retell_of(context: Context) -> Iterator[RetellClient]:
    """The client with the company's key; errors leave as GatewayErrors. Raises Conflict where there is no key."""
    company: Company = context.company
    if not company.retell_api_key.strip():
        raise Conflict(_("No Retell API key is stored for this company"), kind="not_configured")
    try:
        yield RetellClient(settings.RETELL_API_URL, company.retell_api_key, seconds_left=context.seconds_left)
    except RetellError as error:
        raise gateway_error(error) from None


def gateway_error(error: RetellError) -> GatewayError:
    """What callers of the gateway see; Retell's own words only as a short excerpt in the data."""
    error_type, sentence, is_retryable = ERRORS[error.kind]
    told = {"vendor_status": error.status, "vendor_message": error.message, "retry_after": error.retry_after}
    data = {name: value for name, value in told.items() if value}
    return error_type(sentence, kind=error.kind, retryable=is_retryable, **data)
