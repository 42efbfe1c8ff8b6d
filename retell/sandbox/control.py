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
from retell.sandbox.state import Workspace


class ControlRooms(RetellRooms):
    """
    POST /_sandbox/workspaces   {"api_key", "org_name", "webhook_key"?}: a workspace; the webhook key signs
    POST /_sandbox/calls        a call script: plays it and answers with what was sent and answered
    """

    @route("POST", "/_sandbox/workspaces")
    def add_workspace(self, request: Request) -> Reply:
        body = json_body(request)
        required(body, "api_key", "org_name")
        key = str(body["api_key"])
        if key in self.workspaces:
            refuse(409, "A workspace with this api_key exists")
        webhook_key = str(body.get("webhook_key") or key)
        self.workspaces[key] = Workspace(api_key=key, webhook_key=webhook_key, org_name=str(body["org_name"]))
        return Reply(status=201, body={"org_id": self.workspaces[key].org_id, "org_name": body["org_name"]})

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
