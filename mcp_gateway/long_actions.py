"""The gateway's own long actions: replays of more webhook events than a request should wait for."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import background, inbox, replays
from mcp_gateway.background import Kind, Outcome, Result
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import LongAction, WebhookEvent
from mcp_gateway.principal import Principal


def _replay(action: LongAction, event_id: Any, by: Principal) -> Result:
    """Replayed once, also where a worker was killed before it could say so."""
    if replays.entries(action.correlation_id).filter(object_type="WebhookEvent", object_id=str(event_id)).exists():
        return Result()
    visible = WebhookEvent.objects.filter(pk=event_id)
    if by.companies is not None:
        visible = visible.filter(company__in=by.companies)
    if not visible.exists():
        return Result(outcome=Outcome.SKIPPED, told=_("There is no such event any more."))
    try:
        inbox.replay(event_id, reason=action.reason, by=by)
    except (Conflict, NotFound):
        return Result(outcome=Outcome.SKIPPED, told=_("It waits already or is being processed."))
    return Result()


background.kinds[replays.LONG_ACTION] = Kind(
    title=gettext_lazy("Replay of webhook events"),
    permission=replays.PERMISSION,
    work=_replay,
    object_type="WebhookEvent",
)
