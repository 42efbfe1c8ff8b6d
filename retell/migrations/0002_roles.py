"""The roles of staff: see `retell/roles.py`."""

from django.db import migrations

from retell.roles import make_roles


def _make(apps, schema_editor):
    make_roles(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("appointments", "0004_mails"),
        ("calcom", "0001_initial"),
        ("mcp_gateway", "0003_staff_permissions"),
        ("retell", "0001_initial"),
    ]

    # The groups stay: people have them.
    operations = [migrations.RunPython(_make, migrations.RunPython.noop)]
