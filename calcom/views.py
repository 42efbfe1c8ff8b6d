"""The door for what Cal.com sends: verify, hand on, answer.

Nothing in a body is trusted before its signature holds. Whether there is such a company is said to nobody.
"""

import logging

from django.http import HttpRequest, HttpResponse

from appointments.models import Company
from calcom import webhook_events
from calcom.signature import HEADER, InvalidSignature, verify
from mcp_gateway.door import Refused, json_object, posted_body, vendors_door

logger = logging.getLogger(__name__)


@vendors_door
def webhook(request: HttpRequest, company_id: int) -> HttpResponse:
    """Something has changed in Cal.com: stored, then 204; Cal.com's own answer to whoever changed it waits for that."""
    raw, signature = posted_body(request, HEADER)
    # A company that isn't there has no secret, and without one nothing fits.
    company = Company.objects.filter(pk=company_id, is_active=True).first() or Company()
    try:
        verify(raw, signature, company.calcom_webhook_secret)
    except InvalidSignature as reason:
        logger.warning("Refused a request to Cal.com's door for company %s: %s", company_id, reason)
        raise Refused(401, "The signature does not fit.") from None
    webhook_events.receive(company, raw, json_object(raw), request.headers)
    return HttpResponse(status=204)
