"""The last error of an event as a column, so that events can be grouped by it."""

from typing import Any

from django.db import migrations, models

STUCK = ("failed", "dead")


def fill(apps: Any, schema_editor: Any) -> None:
    """Only what failed or was given up: of the rest nobody asks for its error."""
    events = apps.get_model("mcp_gateway", "WebhookEvent").objects.using(schema_editor.connection.alias)
    for key, attempts in events.filter(state__in=STUCK).values_list("pk", "attempts").iterator(chunk_size=500):
        if attempts and (error := attempts[-1].get("error", "")):
            events.filter(pk=key).update(last_error=error[:200])


class Migration(migrations.Migration):
    dependencies = [("mcp_gateway", "0004_lists_by_age")]

    operations = [
        migrations.AddField(
            model_name="webhookevent",
            name="last_error",
            field=models.CharField(
                blank=True,
                help_text="Of the last attempt that has ended.",
                max_length=200,
                verbose_name="last error",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
