"""RetellConfigurationMCPServer."""

from collections.abc import Mapping
from typing import Any, Literal

from django.conf import settings as django_settings
from django.db.models import Q
from django.db.models.functions import Length

from appointments.models import Call, Company
from appointments.phones import to_e164
from mcp_gateway.errors import NotFound
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell import configuring, prompts
from retell.account import ERRORS, retell_of
from retell.addresses import function_url
from retell.agent_settings import AgentSettings, Languages, WebhookTimeout
from retell.agents import Agent, agent_of, agents_of, webhook_of
from retell.client import ErrorKind, KeyInfo
from retell.custom_functions import functions_of
from retell.deploying.deploy import Order, deploy_all
from retell.deploying.drift import drifts
from retell.deploying.report import unknown_agent
from retell.mcp_servers.configuration_types import (
    AgentId,
    AgentList,
    Agents,
    CallId,
    Deployment,
    Description,
    Drifts,
    Events,
    FunctionName,
    Functions,
    FunctionState,
    OneAgent,
    Parameters,
    Prompt,
    PromptHistory,
    PromptLine,
    PromptNumber,
    PromptTemplate,
    Updated,
    Url,
    Webhooks,
)
from retell.models import RetellConfiguration
from retell.payload import call_news
from retell.webhook_trial import WebhookTrial, try_webhook
from retell.webhook_urls import EVENTS

# A dozen requests for each agent, of which any may take seconds.
DEPLOYING_DEADLINE = 90.0
LOOKING_DEADLINE = 60.0


@register
class RetellConfigurationMCPServer(MCPServer):
    """The company's own account at Retell: its agents, and what is to be on them."""

    name = "retell_config"
    read_permission = "retell.view_retellconfiguration"
    write_permission = "retell.change_retellconfiguration"
    reaches_vendor = True

    def health(self) -> Health:
        """Whether anybody's account could be reached; Retell itself is not asked: each company has its own account."""
        companies = Company.objects.filter(is_active=True).annotate(key_length=Length("retell_api_key"))
        if companies.filter(key_length__gt=0).exists():
            return Health()
        return Health(status="degraded", reason="no company has a Retell API key")

    @rpc("testConnection", Access.READ)
    def test_connection(self, context: Context) -> KeyInfo:
        """Whose account the company's Retell API key belongs to."""
        with retell_of(context) as client:
            return client.key_info()

    @rpc("getCall", Access.READ, tells_personal_data=True)
    def get_call(self, context: Context, call_id: CallId) -> dict[str, Any]:
        """A call of the company as Retell describes it now, with its transcript once it is over."""
        known = Call.objects.filter(call_id=call_id).first()
        if known is not None and known.company_id != context.company.pk:
            raise _unknown_call()
        with retell_of(context) as client:
            call = client.call(call_id)
        if known is None and _is_anothers(context.company, call):
            raise _unknown_call()
        return call

    @rpc("getAgents", Access.READ)
    def get_agents(self, context: Context) -> AgentList:
        """The voice agents of the company's Retell account, and which of them are set up here."""
        with retell_of(context) as client:
            return AgentList(agents=agents_of(client, context.company))

    @rpc("addAgent", Access.WRITE, is_idempotent=True)
    def add_agent(self, context: Context, agent_id: AgentId) -> Updated:
        """Set up an agent of the company's Retell account here; at Retell nothing changes until it is deployed."""
        with retell_of(context) as client:
            known = {line.agent_id for line in agents_of(client, context.company)}
        if agent_id not in known:
            raise configuring.unknown()
        return _updated([configuring.add(context.company, agent_id, context.principal)])

    @rpc("getAgent", Access.READ, deadline_seconds=20)
    def get_agent(self, context: Context, agent_id: OneAgent = None) -> Agent:
        """An agent as it is published at Retell: prompt, functions, the settings that matter here."""
        configuration = configuring.configuration_of(context.company, agent_id)
        with retell_of(context) as client:
            return agent_of(client, configuration)

    @rpc("updateAgent", Access.WRITE, is_idempotent=True)
    def update_agent(
        self,
        context: Context,
        agent_id: OneAgent = None,
        prompt: Prompt | None = None,
        language: Languages | None = None,
        settings: AgentSettings | None = None,
    ) -> Updated:
        """Keep an agent's prompt, language and settings here for the next deployment; null leaves one to Retell."""
        configuration = configuring.configuration_of(context.company, agent_id)
        given = settings.model_dump(exclude_unset=True) if settings else {}
        wanted = AgentSettings.model_validate({**given, **({} if language is None else {"language": language})})
        configuring.set_agent(configuration, context.principal, wanted)
        if prompt is not None:
            prompts.write(configuration, prompt, context.principal)
        return _updated([configuration])

    @rpc("pauseAgent", Access.WRITE, is_idempotent=True)
    def pause_agent(self, context: Context, agent_id: OneAgent = None, paused: bool = True) -> Updated:
        """See to no appointments, and take no new calls whose number asks first, until `paused` is set false again."""
        configuration = configuring.configuration_of(context.company, agent_id)
        is_changed = configuring.set_paused(configuration, context.principal, is_paused=paused)
        return _updated([configuration] if is_changed else [])

    @rpc("getWebhook", Access.READ, deadline_seconds=LOOKING_DEADLINE)
    def get_webhook(self, context: Context, agent_ids: Agents = None) -> Webhooks:
        """Each agent's webhook: as it is to be, as it is live, and how its last test went."""
        configurations = configuring.configurations_of(context.company, agent_ids)
        with retell_of(context) as client:
            states = [webhook_of(client, configuration) for configuration in configurations]
        url = f"{django_settings.APP_URL}/api/mcp/retell/webhook"
        return Webhooks(webhook_url=url, available_events=list(EVENTS), agents=states)

    @rpc("updateWebhook", Access.WRITE, is_idempotent=True, deadline_seconds=40)
    def update_webhook(
        self,
        context: Context,
        agent_ids: Agents = None,
        webhook_url: Url | None = None,
        events: Events | None = None,
        timeout_ms: WebhookTimeout | None = None,
    ) -> Updated:
        """Keep agents' webhook address (public, https), events and timeout here for the next deployment."""
        configurations = configuring.configurations_of(context.company, agent_ids)
        configuring.set_webhook(
            configurations, context.principal, url=webhook_url, events=events, timeout_ms=timeout_ms
        )
        return _updated(configurations)

    @rpc("testWebhook", Access.WRITE, is_noted=True, deadline_seconds=20)
    def test_webhook(self, context: Context, agent_id: OneAgent = None) -> WebhookTrial:
        """Send a test event as Retell would, signed and through the real address; the outcome is kept as last test."""
        return try_webhook(configuring.configuration_of(context.company, agent_id))

    @rpc("getCustomFunctions", Access.READ)
    def get_custom_functions(self, context: Context, agent_id: OneAgent = None) -> Functions:
        """The custom functions as they are to be on an agent."""
        return _functions(configuring.configuration_of(context.company, agent_id))

    @rpc("updateCustomFunction", Access.WRITE, is_idempotent=True)
    def update_custom_function(
        self,
        context: Context,
        name: FunctionName,
        agent_id: OneAgent = None,
        enabled: bool | None = None,
        description: Description | None = None,
        parameters: Parameters | None = None,
        reset: bool = False,
    ) -> Functions:
        """Change what an agent is told of a function, for the next deployment; what the server answers stays."""
        configuration = configuring.configuration_of(context.company, agent_id)
        configuring.set_function(
            configuration,
            context.principal,
            name=name,
            enabled=enabled,
            description=description,
            parameters=parameters,
            reset=reset,
        )
        return _functions(configuration)

    @rpc("deployCustomFunctions", Access.WRITE, is_idempotent=True, cost=5, deadline_seconds=DEPLOYING_DEADLINE)
    def deploy_custom_functions(
        self,
        context: Context,
        agent_ids: Agents = None,
        dry_run: bool = False,
        accept_foreign_changes: bool = False,
        move_numbers: bool = False,
        set_inbound_webhook: bool = False,
    ) -> Deployment:
        """Bring functions, webhook, prompt and settings onto agents and publish; `dry_run` tells what would change.

        `accept_foreign_changes` also publishes what others changed in an open draft. `move_numbers` points phone
        numbers that are pinned to another version at the new one, `set_inbound_webhook` lets them ask us first.
        """
        configurations, unknown = _named(context.company, agent_ids)
        order = Order(
            dry_run=dry_run,
            accept_foreign_changes=accept_foreign_changes,
            move_numbers=move_numbers,
            set_inbound_webhook=set_inbound_webhook,
        )
        with retell_of(context) as client:
            rows = deploy_all(client, configurations, order, context.principal)
        return Deployment(deployed=[*rows, *map(unknown_agent, unknown)])

    @rpc("getDrift", Access.READ, deadline_seconds=LOOKING_DEADLINE)
    def get_drift(self, context: Context, agent_ids: Agents = None) -> Drifts:
        """What differs between what is configured here and what is live at Retell, in words and as data."""
        configurations = configuring.configurations_of(context.company, agent_ids)
        with retell_of(context) as client:
            found = drifts(client, configurations)
        return Drifts(in_sync=all(one.in_sync for one in found), agents=found)

    @rpc("getAgentPromptTemplate", Access.READ)
    def get_agent_prompt_template(
        self, context: Context, language: Literal["de", "en"] | None = None
    ) -> PromptTemplate:
        """A prompt made from the company's services and opening hours, in its own language or the one that is named."""
        chosen = language or context.company.default_language
        return PromptTemplate(language=chosen, prompt=prompts.template(context.company, chosen))

    @rpc("getPromptVersions", Access.READ)
    def get_prompt_versions(self, context: Context, agent_id: OneAgent = None) -> PromptHistory:
        """The prompts that an agent was given here: who wrote them, when, and the version that each went out with."""
        return _history(configuring.configuration_of(context.company, agent_id))

    @rpc("rollBackPrompt", Access.WRITE)
    def roll_back_prompt(self, context: Context, number: PromptNumber, agent_id: OneAgent = None) -> PromptHistory:
        """Write an earlier prompt anew, as a version of its own, for the next deployment."""
        configuration = configuring.configuration_of(context.company, agent_id)
        prompts.roll_back(configuration, number, context.principal)
        return _history(configuration)


def _named(company: Company, agent_ids: list[str] | None) -> tuple[list[RetellConfiguration], list[str]]:
    """The configurations, and which of the named agents have none."""
    if agent_ids is None:
        return configuring.configurations_of(company), []
    known = set(RetellConfiguration.objects.filter(company=company).values_list("agent_id", flat=True))
    named = list(dict.fromkeys(agent_ids))
    found = configuring.configurations_of(company, [agent_id for agent_id in named if agent_id in known])
    return found, [agent_id for agent_id in named if agent_id not in known]


def _updated(configurations: list[RetellConfiguration]) -> Updated:
    return Updated(updated_count=len(configurations), agent_ids=[one.agent_id for one in configurations])


def _functions(configuration: RetellConfiguration) -> Functions:
    url = function_url(configuration)
    states = [
        FunctionState(
            name=function.name,
            url=url,
            enabled=function.enabled,
            description=function.description,
            parameters=function.parameters,
            is_changed=function.is_changed,
        )
        for function in functions_of(configuration)
    ]
    return Functions(agent_id=configuration.agent_id, functions=states)


def _history(configuration: RetellConfiguration) -> PromptHistory:
    rows = configuration.prompt_versions.all()
    versions = [PromptLine.model_validate(row, from_attributes=True) for row in rows]
    return PromptHistory(agent_id=configuration.agent_id, versions=versions)


def _unknown_call() -> NotFound:
    """The words for a call that Retell doesn't know and for another company's."""
    return NotFound(ERRORS[ErrorKind.NOT_FOUND][1], kind=ErrorKind.NOT_FOUND)


def _is_anothers(company: Company, call: Mapping[str, Any]) -> bool:
    """Whether a call that we have not heard of goes to another company's agent or number: accounts may be shared."""
    news = call_news(call)
    number = to_e164(news.from_number if news.direction == Call.Direction.OUTBOUND else news.to_number)
    owners = Q(retell_configurations__agent_id=news.agent_id, retell_configurations__deleted_at=None)
    if number:
        owners |= Q(phone_number=number)
    found = set(Company.objects.filter(owners).values_list("pk", flat=True))
    return bool(found) and company.pk not in found
