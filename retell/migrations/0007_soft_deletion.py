"""Retell configurations are deleted softly, and are in nobody's way then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retell", "0006_paused_at")]

    operations = [
        migrations.AddField(
            model_name="retellconfiguration",
            name="deleted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deleted at"),
        ),
        migrations.AddField(
            model_name="retellconfiguration",
            name="is_living",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(deleted_at=None, then=models.Value(True))),
                output_field=models.BooleanField(null=True),
            ),
        ),
        migrations.RemoveConstraint(model_name="retellconfiguration", name="idx_company_agent"),
        migrations.AddConstraint(
            model_name="retellconfiguration",
            constraint=models.UniqueConstraint(fields=("company", "agent_id", "is_living"), name="idx_company_agent"),
        ),
    ]
