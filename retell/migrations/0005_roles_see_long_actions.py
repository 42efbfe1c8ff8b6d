"""Who looks at the company's work looks at its long actions too: see `retell/roles.py`."""

from django.db import migrations

from retell.roles import make_roles


def _make(apps, schema_editor):
    make_roles(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("mcp_gateway", "0006_long_actions"),
        ("retell", "0004_integration_check"),
    ]

    operations = [migrations.RunPython(_make, migrations.RunPython.noop)]
