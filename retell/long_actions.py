"""Deploying in the background: agent after agent, each of them as `retell_config.deployCustomFunctions` does it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy

from appointments.models import Company
from mcp_gateway import background, gateway
from mcp_gateway.background import Kind, Outcome, Result
from mcp_gateway.models import LongAction, LongActionResult
from mcp_gateway.principal import Principal
from retell.agent_pages.common import CHANGE, told
from retell.agent_pages.rows import shown
from retell.configuring import configurations_of
from retell.deploying.report import Status
from retell.portal.deploying import in_words

DEPLOYMENT = "retell_deployment"
DEPLOY = "retell_config.deployCustomFunctions"


def start_deployment(
    company: Company, agent_ids: Sequence[str], *, user: Any, key: UUID | None, order: dict[str, bool] | None = None
) -> LongAction:
    """Of the named agents, or of all; no `key`: one of its own. Raises GatewayError where there is no agent."""
    named = list(dict.fromkeys(agent_ids)) or [one.agent_id for one in configurations_of(company, None)]
    return background.start(DEPLOYMENT, named, user=user, company_id=company.pk, params=order, key=key or uuid4())


def _deploy(action: LongAction, agent_id: Any, by: Principal) -> Result:
    """Deployed already, it is found to be so."""
    params = {"company_id": action.company_id, "agent_ids": [agent_id], **action.params}
    (row,) = gateway.call(DEPLOY, params, principal=by)["deployed"]
    return Result(outcome=_outcome(row), told=in_words(row), data=row)


def _outcome(row: dict[str, Any]) -> LongActionResult.Outcome:
    if not row["success"]:
        return Outcome.FAILED
    is_untouched = row["status"] == Status.UP_TO_DATE and not row["touched_numbers"]
    return Outcome.SKIPPED if is_untouched else Outcome.DONE


def _context(action: LongAction, results: Sequence[LongActionResult]) -> dict[str, Any]:
    """`undone`: agents that are not as configured, whether they were tried or not."""
    company = Company.objects.get(long_actions=action)
    well = {result.item for result in results if result.outcome != Outcome.FAILED}
    return {
        "company": company,
        "rows": shown(company, [result.data for result in results if result.data]),
        "undone": [agent_id for agent_id in action.items if agent_id not in well],
    }


background.kinds[DEPLOYMENT] = Kind(
    title=gettext_lazy("Deployment to Retell's agents"),
    permission=CHANGE,
    work=_deploy,
    details="staff/agents_deployed.html",
    context=_context,
    told=told,
)
