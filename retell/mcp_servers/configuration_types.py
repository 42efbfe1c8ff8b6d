"""What the methods of RetellConfigurationMCPServer take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from retell.agents import AgentLine, WebhookState
from retell.deploying.drift import Drift
from retell.deploying.report import Deployed
from retell.function_definitions import DEFINITIONS
from retell.webhook_urls import MAX_LENGTH, Event

FunctionName = Literal[*DEFINITIONS]  # type: ignore[valid-type]
PromptNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AgentId = Annotated[str, Field(min_length=1, max_length=255)]
OneAgent = Annotated[AgentId | None, Field(description="May be left out where the company has one agent.")]
Agents = Annotated[
    list[AgentId] | None, Field(min_length=1, max_length=100, description="Left out: all of the company's.")
]
Url = Annotated[str, Field(max_length=MAX_LENGTH, description='"" is this system\'s own address.')]
Events = Annotated[list[Event], Field(description="An empty list is Retell's three defaults.")]
Description = Annotated[str, Field(max_length=4000, description='What the model is told; "" is ours again.')]
Parameters = Annotated[dict[str, Any], Field(description="JSON Schema of an object, for the model.")]
Prompt = Annotated[str, Field(max_length=100_000, description='"" leaves the prompt to Retell.')]


class Webhooks(BaseModel):
    """`webhook_url` is where this system hears events; each agent has an address with its own number at the end."""

    webhook_url: str
    available_events: list[str]
    agents: list[WebhookState]


class Updated(BaseModel):
    """Kept here; deploying brings it to the agents."""

    success: Literal[True] = True
    updated_count: int
    agent_ids: list[str]


class FunctionState(BaseModel):
    """A custom function as it is to be on the agent; `is_changed`: staff have changed something of ours."""

    name: str
    url: str
    enabled: bool
    description: str
    parameters: dict[str, Any]
    is_changed: bool


class Functions(BaseModel):
    agent_id: str
    functions: list[FunctionState]


class Deployment(BaseModel):
    deployed: list[Deployed]


class AgentList(BaseModel):
    agents: list[AgentLine]


class Drifts(BaseModel):
    in_sync: bool
    agents: list[Drift]


class PromptTemplate(BaseModel):
    language: str
    prompt: str


class PromptLine(BaseModel):
    """`restores`: the number of the version that this one brought back."""

    number: int
    text: str
    author: str
    created_at: datetime
    restores: int | None
    deployed_version: int | None
    deployed_at: datetime | None


class PromptHistory(BaseModel):
    """The newest one first, which is what the next deployment brings."""

    agent_id: str
    versions: list[PromptLine]
