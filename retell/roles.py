"""The three roles of staff: groups, each with all that the one before may do, and of their own companies only."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

DAY = ("call", "appointment", "followup", "customer", "service", "company")
VIEWER = {
    "appointments": [f"view_{model}" for model in DAY],
    "calcom": ["view_calcomeventtype"],
    "retell": ["view_retellconfiguration"],
    "mcp_gateway": ["view_webhookevent", "view_outboxmessage", "view_longaction", "read_reports"],
}
OPERATOR = {
    "appointments": ["change_appointment", "change_followup", "add_customer", "change_customer"],
    "mcp_gateway": ["change_webhookevent", "change_outboxmessage", "export_lists"],
}
ADMIN = {
    "appointments": [
        "add_appointment",
        "add_company",
        "change_company",
        "add_service",
        "change_service",
        "delete_service",
        "delete_customer",
    ],
    "calcom": ["change_calcomeventtype"],
    "retell": ["add_retellconfiguration", "change_retellconfiguration", "delete_retellconfiguration"],
    "mcp_gateway": [
        "view_auditentry",
        "view_apitoken",
        "add_apitoken",
        "change_apitoken",
        "use_console",
        "reset_breakers",
    ],
}
ROLES = {"viewer": [VIEWER], "operator": [VIEWER, OPERATOR], "admin": [VIEWER, OPERATOR, ADMIN]}


def make_roles(apps: Any, using: str) -> None:
    """Make the groups, or add to them what they lack; `apps` is a registry of models, as migrations have them."""
    for label in VIEWER:
        # Permissions are made after all migrations: these roles need theirs now.
        create_permissions(installed.get_app_config(label), apps=apps, verbosity=0, using=using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for name, parts in ROLES.items():
        role, _ = groups.get_or_create(name=name)
        for part in parts:
            for label, codenames in part.items():
                role.permissions.add(*permissions.filter(content_type__app_label=label, codename__in=codenames))
