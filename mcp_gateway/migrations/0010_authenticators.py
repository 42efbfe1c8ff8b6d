"""The apps of the second factor in a table of our own, where their secrets are encrypted; django-otp's is emptied.

Whoever is logged in with an app's code is asked for one anew: the session names a row that has moved.
"""

from typing import Any

import django.db.models.deletion
import mcp_gateway.fields
from django.conf import settings
from django.db import migrations, models

# By what is the same in both, and what ours calls otherwise.
SAME = ("user_id", "name", "confirmed", "drift", "last_used_at", "throttling_failure_timestamp", "throttling_failure_count")
OURS, THEIRS = ("secret", "last_step", *SAME), ("key", "last_t", *SAME)


def encrypt(apps: Any, schema_editor: Any) -> None:
    _move(*_tables(apps, schema_editor), dict(zip(THEIRS, OURS)))


def decrypt(apps: Any, schema_editor: Any) -> None:
    theirs, ours = _tables(apps, schema_editor)
    _move(ours, theirs, dict(zip(OURS, THEIRS)))


def _tables(apps: Any, schema_editor: Any) -> tuple[Any, Any]:
    models = (apps.get_model("otp_totp", "TOTPDevice"), apps.get_model("mcp_gateway", "Authenticator"))
    theirs, ours = (model.objects.using(schema_editor.connection.alias) for model in models)
    return theirs, ours


def _move(source: Any, target: Any, names: dict[str, str]) -> None:
    for row in source.all():
        moved = target.create(**{there: getattr(row, here) for here, there in names.items()})
        # A new row would have been made just now.
        target.filter(pk=moved.pk).update(created_at=row.created_at)
        row.delete()


class Migration(migrations.Migration):

    dependencies = [
        ('mcp_gateway', '0009_filtered_by_error'),
        ('otp_totp', '0003_add_timestamps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Authenticator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('secret', mcp_gateway.fields.EncryptedTextField()),
                ('last_step', models.BigIntegerField(default=-1)),
                ('drift', models.SmallIntegerField(default=0)),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'authenticator app',
                'verbose_name_plural': 'authenticator apps',
                'db_table': 'authenticators',
                'default_permissions': (),
            },
        ),
        migrations.RunPython(encrypt, decrypt),
    ]
