"""Event types, schedules and the user behind the key."""

from typing import Any

from calcom.sandbox.core import SandboxCore, number_in_path, success
from calcom.sandbox.errors import not_found
from calcom.sandbox.rendering import event_type_output
from calcom.sandbox.state import Account, EventType
from mcp_gateway.sandbox import Reply, Request, route


class AccountRoutes(SandboxCore):
    @route("GET", "/v2/me")
    def get_me(self, request: Request) -> Reply:
        account = self.known_caller(request)
        profile = {
            "id": account.id,
            "username": account.username,
            "email": account.email,
            "name": account.name,
            "avatarUrl": None,
            "bio": None,
            "timeFormat": 24,
            "defaultScheduleId": account.id,
            "weekStart": "Monday",
            "timeZone": account.time_zone,
            "organizationId": None,
        }
        return success(profile)

    @route("GET", "/v2/event-types")
    def list_event_types(self, request: Request) -> Reply:
        """The caller's own, hidden ones too, or a named user's public ones; a plain list without pages."""
        caller = self.caller(request)
        username = request.query.get("username")
        owner = self.state.account_by_username(username) if username else caller
        if owner is None:
            return success([])
        found = [known for known in self.state.living_event_types() if self._is_listed(known, owner, caller)]
        if slug := request.query.get("eventSlug"):
            found = [known for known in found if known.slug == slug]
        return success([event_type_output(known, owner) for known in found])

    def _is_listed(self, event_type: EventType, owner: Account, caller: Account | None) -> bool:
        """Personal event types only: a team's are listed with the team."""
        is_own = event_type.owner_id == owner.id and not event_type.is_team_event
        return is_own and (not event_type.hidden or owner is caller)

    @route("GET", "/v2/event-types/{event_type_id}")
    def get_event_type(self, request: Request, event_type_id: str) -> Reply:
        caller = self.known_caller(request)
        event_type = self.own_event_type(number_in_path(event_type_id), caller)
        return success(event_type_output(event_type, self.state.accounts[event_type.owner_id]))

    def own_event_type(self, event_type_id: int, caller: Account) -> EventType:
        """An event type of which the caller is owner or host."""
        event_type = self.event_type(event_type_id)
        is_own = event_type and (event_type.owner_id == caller.id or caller in self.state.hosts_of(event_type))
        if event_type is None or not is_own:
            raise not_found(f"Event type with id {event_type_id} not found")
        return event_type

    @route("GET", "/v2/schedules")
    def list_schedules(self, request: Request) -> Reply:
        return success([schedule_output(self.known_caller(request))])

    @route("GET", "/v2/schedules/{schedule_id}")
    def get_schedule(self, request: Request, schedule_id: str) -> Reply:
        """Everybody has one schedule, with the user's own id; "default" names it too."""
        account = self.known_caller(request)
        if schedule_id not in ("default", str(account.id)):
            raise not_found(f"Schedule with ID={schedule_id} does not exist.")
        return success(schedule_output(account))


def schedule_output(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "ownerId": account.id,
        "name": "Working hours",
        "timeZone": account.time_zone,
        "availability": account.schedule,
        "isDefault": True,
        "overrides": account.overrides,
    }
