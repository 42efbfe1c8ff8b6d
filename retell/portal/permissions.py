"""Who may do what on a company's page: a button that somebody may not press is not there."""

from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from retell.portal import trial_call

# By Django's permissions, all of them needed.
BY_PERMISSION = {
    "keys": ("appointments.change_company",),
    "company": ("appointments.change_company",),
    "services": ("appointments.add_service", "appointments.change_service"),
    "agent": ("retell.add_retellconfiguration",),
    "test_webhook": ("retell.change_retellconfiguration",),
    "token": ("mcp_gateway.add_apitoken",),
    "token_rotate": ("mcp_gateway.add_apitoken", "mcp_gateway.change_apitoken"),
    "token_revoke": ("mcp_gateway.change_apitoken",),
    "call": ("appointments.change_company",),
}
# By the method of the gateway that does it.
BY_METHOD = {
    "test_calcom": "calcom.testConnection",
    "test_retell": "retell_config.testConnection",
    "drift": "retell_config.getDrift",
    "sync": "calcom.syncEventTypes",
    "compare": "calcom.syncBookings",
    "deploy": "retell_config.deployCustomFunctions",
}


def of(principal: Principal) -> dict[str, bool]:
    """What the member of staff may do, by the names of the actions."""
    allowed = {name: all(map(principal.has, needed)) for name, needed in BY_PERMISSION.items()}
    allowed |= {name: _is_open(method, principal) for name, method in BY_METHOD.items()}
    allowed["call"] &= trial_call.is_possible()
    return allowed


def _is_open(method: str, principal: Principal) -> bool:
    """A method that this system does not have is open to nobody."""
    found = registry.methods.get(method)
    return found is not None and found.is_open_to(principal)
