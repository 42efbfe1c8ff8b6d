"""What staff set for an agent: kept here with an entry in the audit trail, and brought to Retell by deploying."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Company
from mcp_gateway.audit import record_by
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.principal import Principal
from retell.agent_settings import AgentSettings
from retell.custom_functions import Override, overrides_of, schema_problems, stored
from retell.deploying.changes import shown_of
from retell.models import RetellConfiguration
from retell.webhook_urls import check_webhook_url


def configurations_of(company: Company, agent_ids: Sequence[str] | None = None) -> list[RetellConfiguration]:
    """All of the company's, or those of the named agents, of which each must be the company's."""
    rows = RetellConfiguration.objects.filter(company=company).select_related("company")
    if agent_ids is None:
        if not (found := list(rows)):
            raise Conflict(_("No agent is set up for this company"), kind="not_configured")
        return found
    by_id = {row.agent_id: row for row in rows.filter(agent_id__in=agent_ids)}
    if not set(agent_ids) <= by_id.keys():
        raise unknown()
    return [by_id[agent_id] for agent_id in dict.fromkeys(agent_ids)]


def configuration_of(company: Company, agent_id: str | None) -> RetellConfiguration:
    """The named agent's; without a name that of the company's only agent."""
    found = configurations_of(company, None if agent_id is None else [agent_id])
    if len(found) != 1:
        raise _wrong("agent_id", [_("The company has several agents: say which one")])
    return found[0]


def add(company: Company, agent_id: str, by: Principal) -> RetellConfiguration:
    """Set an agent up here; one that is set up already stays as it is."""
    with transaction.atomic():
        configuration, is_new = RetellConfiguration.objects.get_or_create(company=company, agent_id=agent_id)
        if is_new:
            record_by(
                by,
                action="retell.agent_added",
                object_type="RetellConfiguration",
                object_id=configuration.pk,
                company_id=company.pk,
                after={"agent_id": agent_id},
            )
    return configuration


def unknown() -> NotFound:
    """The words for an agent that does not exist and for another company's."""
    return NotFound(_("There is no such agent here"))


def set_webhook(
    configurations: Sequence[RetellConfiguration],
    by: Principal,
    *,
    url: str | None,
    events: Sequence[str] | None,
    timeout_ms: int | None,
) -> None:
    """None leaves what is; "" as URL is our own, no events are Retell's three defaults."""
    if url:
        try:
            check_webhook_url(url)
        except ValidationError as error:
            raise _wrong("webhook_url", error.messages) from None
    changes: dict[str, Any] = {}
    if url is not None:
        changes["webhook_url"] = url or None
    if events is not None:
        changes["webhook_events"] = list(dict.fromkeys(events))
    with transaction.atomic():
        for configuration in configurations:
            _lock(configuration)
            timeout = {} if timeout_ms is None else {"webhook_timeout_ms": timeout_ms}
            settings = {**(configuration.settings or {}), **timeout}
            _change(configuration, "retell.webhook_changed", by, **changes, settings=settings)


def set_function(
    configuration: RetellConfiguration,
    by: Principal,
    *,
    name: str,
    enabled: bool | None,
    description: str | None,
    parameters: dict[str, Any] | None,
    reset: bool,
) -> None:
    """None leaves what is; an empty description is ours again, and `reset` forgets all that was changed before."""
    if parameters is not None and (wrong := schema_problems(name, parameters)):
        raise _wrong("parameters", wrong)
    told: dict[str, Any] = {"enabled": enabled, "description": description, "parameters": parameters}
    with transaction.atomic():
        _lock(configuration)
        overrides = overrides_of(configuration)
        known = Override(name=name) if reset else overrides.get(name, Override(name=name))
        changed = known.model_copy(update={field: value for field, value in told.items() if value is not None})
        changed.description = changed.description or None
        custom_functions = stored({**overrides, name: changed})
        _change(configuration, "retell.function_changed", by, custom_functions=custom_functions)


def set_agent(configuration: RetellConfiguration, by: Principal, settings: AgentSettings) -> None:
    """What is given is kept from now on; what is given as null is left to Retell again."""
    given = settings.model_dump(exclude_unset=True)
    with transaction.atomic():
        _lock(configuration)
        kept = {**(configuration.settings or {}), **given}
        wanted = {name: value for name, value in kept.items() if value is not None}
        _change(configuration, "retell.settings_changed", by, settings=wanted)


def set_paused(configuration: RetellConfiguration, by: Principal, *, is_paused: bool) -> bool:
    """Have an agent see to no appointments, or go on; False where it was so already.

    Nothing is changed at Retell: its calls are turned away when it asks us about them.
    """
    with transaction.atomic():
        found = RetellConfiguration.objects.select_for_update().get(pk=configuration.pk)
        if (found.paused_at is not None) is is_paused:
            return False
        before, found.paused_at = found.paused_at, timezone.now() if is_paused else None
        found.save(update_fields=["paused_at", "updated_at"])
        record_by(
            by,
            action="retell.agent_paused" if is_paused else "retell.agent_resumed",
            object_type="RetellConfiguration",
            object_id=found.pk,
            company_id=found.company_id,
            before={"paused_at": before and before.isoformat()},
            after={"paused_at": found.paused_at and found.paused_at.isoformat()},
        )
    return True


def _lock(configuration: RetellConfiguration) -> None:
    """Two people may change different parts of one column at once."""
    RetellConfiguration.objects.select_for_update().get(pk=configuration.pk)
    configuration.refresh_from_db(fields=["webhook_url", "webhook_events", "custom_functions", "settings"])


def _change(configuration: RetellConfiguration, action: str, by: Principal, **columns: Any) -> None:
    """In the transaction around it, with an entry in the audit trail; nothing where nothing changes."""
    before = {name: getattr(configuration, name) for name in columns}
    changed = {name: value for name, value in columns.items() if (value or None) != (before[name] or None)}
    if not changed:
        return
    for name, value in changed.items():
        setattr(configuration, name, value)
    configuration.save(update_fields=[*changed, "updated_at"])
    record_by(
        by,
        action=action,
        object_type="RetellConfiguration",
        object_id=configuration.pk,
        company_id=configuration.company_id,
        before=shown_of({name: before[name] for name in changed}),
        after=shown_of(changed),
    )


def _wrong(parameter: str, problems: Sequence[str]) -> InvalidParams:
    return InvalidParams(errors=[{"parameter": parameter, "problem": problem} for problem in problems])
