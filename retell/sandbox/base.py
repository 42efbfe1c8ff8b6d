"""What every room of the REST API shares: the workspace behind a key, strict queries, JSON bodies, pages."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from mcp_gateway.sandbox import Handler, Reply, Request, Sandbox, route
from retell.sandbox.checks import whole_number
from retell.sandbox.errors import Refusal, refuse, refuse_key, refuse_query
from retell.sandbox.state import Asset, Json, Version, Workspace

T = TypeVar("T")
PAGE = ("limit", "pagination_key", "sort_order")
DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


class RetellRooms(Sandbox):
    """State and access; the rooms that serve paths are mixed into `RetellSandbox`."""

    workspaces: dict[str, Workspace]

    def reset(self) -> None:
        self.workspaces = {}

    def unknown_path(self, request: Request) -> Reply:
        message = f"Cannot {request.method} {request.path}"
        return Reply(status=404, body={"status": "error", "message": message})

    def answer(self, request: Request) -> Reply:
        try:
            return super().answer(request)
        except Refusal as refusal:
            return self.finish(request, refusal.reply)

    def workspace_of(self, request: Request) -> Workspace:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        workspace = self.workspaces.get(key.strip())
        if scheme.lower() != "bearer" or workspace is None:
            refuse_key()
        return workspace


def endpoint(
    method: str, path: str, *, query: Collection[str] = (), holds_lock: bool = True
) -> Callable[[Handler], Handler]:
    """Mark a handler of the REST API: it gets the workspace of the key, and only the named query parameters pass."""

    def mark(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def guarded(self: RetellRooms, request: Request, **ids: str) -> Reply:
            workspace = self.workspace_of(request)
            for parameter in request.query:
                if parameter not in query:
                    refuse_query(f"Unknown query parameter '{parameter}'")
            return handler(self, workspace, request, **ids)

        return route(method, path, holds_lock=holds_lock)(guarded)

    return mark


def json_body(request: Request) -> Json:
    """The body as a JSON object; an empty one counts as `{}`."""
    try:
        body = request.json()
    except ValueError:
        refuse(400, "Invalid JSON in request body.")
    if body is None:
        return {}
    if not isinstance(body, dict):
        refuse(400, "Request body must be object")
    return body


def engine_version(asset: Asset, request: Request) -> Version | None:
    wanted = request.query.get("version")
    return asset.pick(None if wanted is None else whole_number(wanted, "request/query/version"))


def page(rows: Sequence[T], options: Json, key: Callable[[T], str], *, descending: bool = False) -> Json:
    """One page of `rows` (given in ascending order) as `{"items", "has_more", "pagination_key"?}`."""
    limit = whole_number(options.get("limit", DEFAULT_LIMIT), "limit")
    if not 1 <= limit <= MAX_LIMIT:
        refuse(400, f"limit must be between 1 and {MAX_LIMIT}")
    order = options.get("sort_order", "descending" if descending else "ascending")
    if order not in ("ascending", "descending"):
        refuse(400, "sort_order must be equal to one of the allowed values")
    ordered = list(rows) if order == "ascending" else list(reversed(rows))
    start = _position_after(ordered, options.get("pagination_key"), key)
    items = ordered[start : start + limit]
    has_more = start + limit < len(ordered)
    return {"items": items, "has_more": has_more, **({"pagination_key": key(items[-1])} if has_more else {})}


def _position_after(rows: Sequence[T], pagination_key: str | None, key: Callable[[T], str]) -> int:
    if pagination_key is None:
        return 0
    position = next((n for n, row in enumerate(rows) if key(row) == pagination_key), None)
    if position is None:
        refuse(400, "Invalid pagination_key.")
    return position + 1
