"""What is kept of deployments: on the configuration, on the prompt that went out, and in the audit trail."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal
from retell import prompts
from retell.deploying.report import Deployed
from retell.deploying.wanted import Wanted
from retell.models import RetellConfiguration

ACTION = "retell.agent_deployed"


def attempts(configuration: RetellConfiguration, wanted: Wanted) -> None:
    """Before the first write into a draft: what is found there afterwards may be ours."""
    _save(configuration, attempted=wanted.as_json())


def seen(configuration: RetellConfiguration, version: int) -> None:
    """The published version is what we would deploy, whoever published it."""
    with transaction.atomic():
        _save(configuration, deployed_version=version, last_synced_at=timezone.now())
        prompts.went_out(configuration, version)


def deployed(configuration: RetellConfiguration, row: Deployed, by: Principal) -> None:
    before, now = configuration.deployed_version, timezone.now()
    changes = [change.model_dump(mode="json") for change in (*row.changes, *row.foreign_changes)]
    with transaction.atomic():
        _save(configuration, deployed_version=row.live_version, deployed_at=now, last_synced_at=now, attempted=None)
        prompts.keep(configuration, by)
        prompts.went_out(configuration, row.live_version)
        record_by(
            by,
            action=ACTION,
            object_type="RetellConfiguration",
            object_id=configuration.pk,
            company_id=configuration.company_id,
            before={"version": before, "parts": {_key(change): change["before"] for change in changes}},
            after={"version": row.live_version, "parts": {_key(change): change["after"] for change in changes}},
        )


def _key(change: dict[str, Any]) -> str:
    return f"{change['kind']}:{change['name']}"


def _save(configuration: RetellConfiguration, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(configuration, name, value)
    configuration.save(update_fields=[*columns, "updated_at"])
