"""What became of a deployment, agent by agent, in words and as data."""

from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel

from mcp_gateway.errors import Conflict, DeadlineExceeded, GatewayError, NotFound
from retell.account import gateway_error
from retell.client import RetellError
from retell.deploying.changes import Change
from retell.deploying.numbers import Line


class Status(StrEnum):
    DEPLOYED = "deployed"
    UP_TO_DATE = "up_to_date"
    WOULD_DEPLOY = "would_deploy"
    REFUSED = "refused"
    FAILED = "failed"


class Step(StrEnum):
    LOOK = "look"
    DRAFT = "draft"
    FUNCTIONS = "functions"
    SETTINGS = "settings"
    PUBLISH = "publish"
    CHECK = "check"
    NUMBERS = "numbers"


STEPS: Final = {
    Step.LOOK: gettext_lazy("looking at the agent"),
    Step.DRAFT: gettext_lazy("making a draft"),
    Step.FUNCTIONS: gettext_lazy("writing functions and prompt"),
    Step.SETTINGS: gettext_lazy("writing the settings"),
    Step.PUBLISH: gettext_lazy("publishing"),
    Step.CHECK: gettext_lazy("reading back"),
    Step.NUMBERS: gettext_lazy("setting the phone numbers"),
}


class Deployed(BaseModel):
    """One agent's row. `reason` and `kind` tell why not, `step` where it stopped.

    `live_version` is what callers get now, null where that is not known or nothing was ever published.
    `draft_version` stays open, and the next deployment goes on with it.
    """

    agent_id: str
    success: bool = False
    functions: list[str] = []
    status: Status = Status.FAILED
    reason: str = ""
    kind: str = ""
    retryable: bool = False
    retry_after: int | None = None
    vendor_message: str = ""
    step: Step | None = Step.LOOK
    live_version: int | None = None
    draft_version: int | None = None
    changes: list[Change] = []
    foreign_changes: list[Change] = []
    dangling_nodes: list[str] = []
    numbers: list[Line] = []
    touched_numbers: list[str] = []


def unknown_agent(agent_id: str) -> Deployed:
    """The row of an agent that the company has no configuration for, whoever else may have one."""
    row = Deployed(agent_id=agent_id)
    blame(row, NotFound(_("There is no such agent here")))
    return row


def blame(row: Deployed, error: RetellError | GatewayError) -> None:
    """Write into the row what stopped it, and how things stand now."""
    told = gateway_error(error) if isinstance(error, RetellError) else error
    is_refusal = row.step is Step.LOOK and isinstance(told, Conflict | NotFound)
    row.status = Status.REFUSED if is_refusal else Status.FAILED
    row.kind, row.retryable = told.kind, told.retryable
    row.retry_after = told.data.get("retry_after")
    row.vendor_message = told.data.get("vendor_message", "")
    sentences = [_("There was no time left") if isinstance(told, DeadlineExceeded) else _(told.message)]
    if not is_refusal and row.step:
        sentences += [_("This happened while %(step)s") % {"step": STEPS[row.step]}, _how_it_stands(row)]
    row.reason = ". ".join(sentences) + "."


def _how_it_stands(row: Deployed) -> str:
    told = {"live": row.live_version, "draft": row.draft_version}
    if row.step is Step.LOOK:
        return _("Nothing was changed")
    if row.step in (Step.CHECK, Step.NUMBERS):
        return _("Version %(live)s is live") % told
    if row.live_version is None and row.step is Step.PUBLISH:
        return _("Whether version %(draft)s is live is not known: deploy again to find out") % told
    if row.draft_version is None:
        return _("Version %(live)s is live as before: deploy again") % told
    if row.live_version is None:
        return _("Nothing is live, and version %(draft)s stays as a draft: deploy again to go on with it") % told
    return (
        _("Version %(live)s is live as before, version %(draft)s stays a draft: deploy again to go on with it") % told
    )
