"""The door for what Cal.com sends: verify, hand on, answer.

Nothing in a body is trusted before its signature holds. A refused request is stored nowhere and said loudly in the
log; whether there is such a company is said to nobody.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from appointments.models import Company
from calcom import webhook_events
from calcom.signature import HEADER, InvalidSignature, verify
from mcp_gateway import strict_json

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The request is not taken: an HTTP status and a sentence for whoever debugs it."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)


@csrf_exempt
def webhook(request: HttpRequest, company_id: int) -> HttpResponse:
    """Something has changed in Cal.com: stored, then 204; Cal.com's own answer to whoever changed it waits for that."""
    try:
        company, raw = _verified(request, company_id)
        webhook_events.receive(company, raw, _parsed(raw), request.headers)
    except Refused as refusal:
        headers: dict[str, Any] = {"Allow": "POST"} if refusal.status == 405 else {}
        return JsonResponse({"error": refusal.message}, status=refusal.status, headers=headers)
    return HttpResponse(status=204)


def _verified(request: HttpRequest, company_id: int) -> tuple[Company, bytes]:
    """The company, and the body that was signed with its secret; raises Refused (401, 405, 413)."""
    if request.method != "POST":
        raise Refused(405, "Use POST.")
    header = request.headers.get(HEADER)
    if not header:
        raise Refused(401, f"The {HEADER} header is missing.")
    raw = _raw_body(request)
    # A company that isn't there has no secret, and without one nothing fits.
    company = Company.objects.filter(pk=company_id, is_active=True).first() or Company()
    try:
        raw.decode("utf-8")
        verify(raw, header, company.calcom_webhook_secret)
    except UnicodeDecodeError:
        raise Refused(401, "The body is not UTF-8: no signature of Cal.com's can fit it.") from None
    except InvalidSignature as reason:
        logger.warning("Refused a request to Cal.com's door for company %s: %s", company_id, reason)
        raise Refused(401, "The signature does not fit.") from None
    return company, raw


def _raw_body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise Refused(413, f"At most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.") from None


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        body = strict_json.loads(raw)
    except strict_json.NotStrictJson as reason:
        raise Refused(400, f"{reason}.") from None
    if not isinstance(body, Mapping):
        raise Refused(400, "The body must be a JSON object.")
    return body
