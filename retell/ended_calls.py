"""Calls whose end was never told: webhooks get lost, but a wish must not, and no hold blocks a time for ever.

nothing heard for SILENCE    Retell is asked, at most every ASKED_EVERY
Retell says that it is over  the same is done as after `call_ended`
it goes on                   nothing
Retell can't tell            nothing, until no call lasts so long; then it counts as ended, and is finished the same
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from appointments.calls import record_call
from appointments.holds import LONGEST_CALL
from appointments.intents import book_wish
from appointments.models import Call
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal
from retell.payload import PROVIDER, call_news
from retell.webhook_events import in_one_piece, keep_wish

logger = logging.getLogger(__name__)

SILENCE = timedelta(minutes=10)
ASKED_EVERY = timedelta(minutes=5)
GOES_ON = frozenset(Call.Status) - Call.OVER
NEVER_TOLD = "end never told"
# Several times as many as are asked about within ASKED_EVERY: those just asked about keep nobody out.
LOOKED_AT = 1000


def forgotten_calls(limit: int = 50) -> list[int]:
    """Calls that Retell is to be asked about now, the oldest news first; named again after ASKED_EVERY only."""
    silent = list(_silent_calls().order_by("updated_at").values_list("pk", flat=True)[:LOOKED_AT])
    asked = cache.get_many([_asked_key(pk) for pk in silent])
    due = [pk for pk in silent if _asked_key(pk) not in asked]
    return [pk for pk in due[:limit] if not _was_asked(pk)]


def close_if_over(call_pk: int) -> None:
    """Ask Retell about one call, unless something was heard of it meanwhile, and finish it if it must be over."""
    call = _silent_calls().select_related("company").filter(pk=call_pk).first()
    end = _end_of(call) if call else None
    if call is not None and end is not None:
        _close(call, end)


def _close(call: Call, end: Mapping[str, Any]) -> None:
    # Who dies before the wish is kept leaves a call that is still to be asked about; afterwards a sweep books.
    with in_one_piece(call.company):
        closed = record_call(call.company, call_news(end))
        keep_wish(closed, end)
    book_wish(closed)


def _silent_calls() -> QuerySet[Call]:
    since = timezone.now() - SILENCE
    return Call.objects.filter(provider=PROVIDER, status__in=GOES_ON, updated_at__lt=since, company__is_active=True)


def _was_asked(pk: int) -> bool:
    """Note that it is asked about now; of two sweeps at once one hears False. Without a cache nothing was asked."""
    key = _asked_key(pk)
    return not cache.add(key, True, ASKED_EVERY.total_seconds()) and cache.get(key) is not None


def _asked_key(pk: int) -> str:
    return f"retell:asked_about_call:{pk}"


def _end_of(call: Call) -> Mapping[str, Any] | None:
    """The call object of a call that is over; None while it goes on, or may."""
    told = _told_by_retell(call)
    status = str(told.get("call_status"))
    if status in Call.OVER:
        return told
    began = call.started_at or call.created_at
    if status in GOES_ON or began > timezone.now() - LONGEST_CALL:
        return None
    logger.warning("Call %s is taken for ended: no call lasts so long, and nobody told its end", call.pk)
    return {"call_id": call.call_id, "call_status": Call.Status.ENDED.value, "disconnection_reason": NEVER_TOLD}


def _told_by_retell(call: Call) -> Mapping[str, Any]:
    """The call object as it is now; nothing where Retell doesn't know the call or can't be asked."""
    asker = Principal.of_task("close_forgotten_calls", call.company_id, home=call.company)
    try:
        told: Mapping[str, Any] = gateway.call("retell_config.getCall", {"call_id": call.call_id}, principal=asker)
    except GatewayError as error:
        logger.info("Retell does not tell of call %s: %s", call.pk, error.kind)
        return {}
    return told
