"""Retell's URLs: verify, hand on, answer. Each comes with and without a configuration's id."""

import logging
from collections.abc import Callable
from functools import partial, wraps

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from mcp_gateway.door import Refused, View, vendors_door
from mcp_gateway.logs import log_failure
from retell import functions, inbound, webhook_events
from retell.intake import SignedRequest, take, take_event
from retell.payload import NoCallId

Taker = Callable[[HttpRequest, int | None], SignedRequest]

logger = logging.getLogger(__name__)


def signed_by_retell(view: Callable[[HttpRequest, SignedRequest], HttpResponse], *, taken_by: Taker = take) -> View:
    """Call the view with a verified request; refuse every other with a status and a sentence."""

    @vendors_door
    @wraps(view)
    def guarded(request: HttpRequest, configuration_id: int | None = None) -> HttpResponse:
        return view(request, taken_by(request, configuration_id))

    return guarded


@vendors_door
def custom_function(request: HttpRequest, configuration_id: int | None = None) -> HttpResponse:
    """A function call of the agent: always 200 with something speakable, even while nobody's key can be read."""
    try:
        signed = take(request, configuration_id)
    except DatabaseError as error:
        log_failure(logger, "A function call could not be checked", error)
        return JsonResponse(functions.out_of_order())
    return JsonResponse(functions.answer(signed.company, signed.body, is_paused=signed.is_paused))


@partial(signed_by_retell, taken_by=take_event)
def webhook(request: HttpRequest, signed: SignedRequest) -> HttpResponse:
    """A call event: stored, then 204; the work is done by a Celery worker."""
    try:
        webhook_events.receive(signed, request.headers)
    except NoCallId:
        raise Refused(400, "The event names no call_id of at most 64 characters.") from None
    return HttpResponse(status=204)


@signed_by_retell
def call_inbound(request: HttpRequest, signed: SignedRequest) -> HttpResponse:
    """A call is coming in: the variables for the agent's first sentence."""
    if signed.is_paused:
        return JsonResponse(inbound.REJECTION)
    return JsonResponse(inbound.answer(signed.company, signed.body))
