"""The control API: workspaces to work in, and calls to play."""

from mcp_gateway.sandbox import Reply, Request, route
from retell.sandbox.base import RetellRooms, json_body
from retell.sandbox.checks import required
from retell.sandbox.delivery import Courier
from retell.sandbox.errors import refuse
from retell.sandbox.inbound import InboundAnswer, ask
from retell.sandbox.lines import find_line, set_up
from retell.sandbox.player import Player
from retell.sandbox.script import CallScript
from retell.sandbox.state import Json, Workspace

SETTINGS = ("api_key", "org_name", "webhook_key", "webhook_url", "concurrency_limit", "insists_on_sse")


class ControlRooms(RetellRooms):
    """
    POST  /_sandbox/workspaces            {"api_key", "org_name", …}: a workspace. Besides, all optional:
                                          "webhook_key" (the one that signs), "webhook_url" (of the account, for agents
                                          without one), "concurrency_limit" (calls at once; beyond it 429),
                                          "insists_on_sse" (whether MCP servers must answer with event streams)
    PATCH /_sandbox/workspaces/{api_key}  any of those but the api_key
    POST  /_sandbox/calls                 a call script, see `CallScript`: plays it and answers with what was sent and
                                          answered, step by step, and with the call as it stands at the end

    Requests, faults and reset are as in every sandbox.
    """

    @route("POST", "/_sandbox/workspaces")
    def add_workspace(self, request: Request) -> Reply:
        body = json_body(request)
        required(body, "api_key", "org_name")
        _check_settings(body)
        key = str(body["api_key"])
        if key in self.workspaces:
            refuse(409, "A workspace with this api_key exists")
        self.workspaces[key] = Workspace(**{**body, "webhook_key": body.get("webhook_key") or key})
        return Reply(status=201, body={"org_id": self.workspaces[key].org_id, "org_name": body["org_name"]})

    @route("PATCH", "/_sandbox/workspaces/{api_key}")
    def change_workspace(self, request: Request, api_key: str) -> Reply:
        if api_key not in self.workspaces:
            refuse(404, "No workspace has this api_key")
        changes = json_body(request)
        _check_settings({"api_key": api_key, **changes})
        for name, value in changes.items():
            setattr(self.workspaces[api_key], name, value)
        return Reply(status=204)

    @route("POST", "/_sandbox/calls", holds_lock=False)
    def play_call(self, request: Request) -> Reply:
        """`{"call_id", "inbound", "steps", "call"}`; `call` is null when no call came about."""
        script = CallScript.of(json_body(request))
        with self.lock:
            line = find_line(self.workspaces, script)
        courier = Courier(script, line.workspace.webhook_key)
        url = line.inbound_webhook_url
        answer = ask(courier, url, line.as_inbound()) if url else InboundAnswer(outcome="not_asked")
        with self.lock:
            setup = set_up(line, answer)
        played = Player(setup, courier, line.workspace.calls, self.lock).play() if setup else ([], None)
        steps, call = played
        return Reply(body={"call_id": line.call_id, "inbound": answer.as_report(), "steps": steps, "call": call})


def _check_settings(body: Json) -> None:
    unknown = sorted(set(body) - set(SETTINGS))
    if unknown:
        refuse(400, f"Unknown key of a workspace: {', '.join(unknown)}")
