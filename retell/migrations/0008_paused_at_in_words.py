"""What pausing an agent does, as staff are told beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retell", "0007_soft_deletion")]

    operations = [
        migrations.AlterField(
            model_name="retellconfiguration",
            name="paused_at",
            field=models.DateTimeField(
                blank=True,
                help_text=(
                    "A paused agent's new calls are turned away where their number asks this system first; in all "
                    "others it only notes who is to be called back."
                ),
                null=True,
                verbose_name="paused since",
            ),
        ),
    ]
