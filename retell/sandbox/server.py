"""All rooms under one roof."""

from typing import ClassVar

from retell.sandbox.agents import AgentRooms
from retell.sandbox.calls import CallRooms
from retell.sandbox.control import ControlRooms
from retell.sandbox.engines import EngineRooms
from retell.sandbox.mcp import McpRooms
from retell.sandbox.numbers import NumberRooms


class RetellSandbox(AgentRooms, EngineRooms, NumberRooms, CallRooms, McpRooms, ControlRooms):
    """The vendor's REST API; `ControlRooms` and the base class describe the control API beside it."""

    name: ClassVar[str] = "retell"
