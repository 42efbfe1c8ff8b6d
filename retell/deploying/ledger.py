"""What is kept of deployments: on the configuration, on the prompt that went out, and in the audit trail."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal
from retell import prompts
from retell.deploying.numbers import Line
from retell.deploying.report import Deployed
from retell.deploying.wanted import Wanted
from retell.models import RetellConfiguration

# So many are told from strangers' work.
MAX_ATTEMPTS = 20


def attempts(configuration: RetellConfiguration, wanted: Wanted) -> None:
    """Before the first write into a draft: what is found there afterwards may be ours."""
    earlier = [attempt for attempt in configuration.attempted or () if attempt != wanted.as_json()]
    _save(configuration, attempted=[*earlier[-MAX_ATTEMPTS:], wanted.as_json()])


def found_live(configuration: RetellConfiguration, wanted: Wanted, row: Deployed, by: Principal) -> None:
    """The published version is what we would deploy: by an attempt whose end was not heard of, or by somebody else."""
    was_attempted = wanted.as_json() in (configuration.attempted or ())
    if was_attempted and configuration.deployed_version != row.live_version:
        deployed(configuration, row, by, reason="An earlier attempt has published it.")
        return
    with transaction.atomic():
        _save(configuration, deployed_version=row.live_version, last_synced_at=timezone.now())
        prompts.went_out(configuration, row.live_version)


def deployed(configuration: RetellConfiguration, row: Deployed, by: Principal, *, reason: str = "") -> None:
    before, now = configuration.deployed_version, timezone.now()
    changes = [change.model_dump(mode="json") for change in (*row.changes, *row.foreign_changes)]
    with transaction.atomic():
        _save(configuration, deployed_version=row.live_version, deployed_at=now, last_synced_at=now, attempted=None)
        prompts.keep(configuration, by)
        prompts.went_out(configuration, row.live_version)
        _record(
            configuration,
            by,
            action="retell.agent_deployed",
            before={"version": before, "parts": {_key(change): change["before"] for change in changes}},
            after={"version": row.live_version, "parts": {_key(change): change["after"] for change in changes}},
            reason=reason,
        )


def number_changed(configuration: RetellConfiguration, line: Line, after: Mapping[str, Any], by: Principal) -> None:
    was = {line.direction: line.agent_version, "inbound_webhook_url": line.inbound_webhook_url}
    _record(
        configuration,
        by,
        action="retell.number_changed",
        before={"phone_number": line.phone_number, **{name: was[name] for name in after}},
        after={"phone_number": line.phone_number, **after},
    )


def _record(configuration: RetellConfiguration, by: Principal, **entry: Any) -> None:
    record_by(
        by,
        object_type="RetellConfiguration",
        object_id=configuration.pk,
        company_id=configuration.company_id,
        **entry,
    )


def _key(change: dict[str, Any]) -> str:
    return f"{change['kind']}:{change['name']}"


def _save(configuration: RetellConfiguration, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(configuration, name, value)
    configuration.save(update_fields=[*columns, "updated_at"])
