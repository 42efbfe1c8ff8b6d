"""Customers and services are deleted softly, and are in nobody's way then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("appointments", "0006_lists_by_age")]

    operations = [
        migrations.AlterField(
            model_name="company",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="Instead of deleting: switched off, its calls, webhooks and tokens are refused, and its history stays.",
                verbose_name="active",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="deleted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deleted at"),
        ),
        migrations.AddField(
            model_name="customer",
            name="is_living",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(deleted_at=None, then=models.Value(True))),
                output_field=models.BooleanField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="deleted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deleted at"),
        ),
        migrations.AddField(
            model_name="service",
            name="is_living",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(deleted_at=None, then=models.Value(True))),
                output_field=models.BooleanField(null=True),
            ),
        ),
        migrations.RemoveConstraint(model_name="customer", name="one_customer_per_company_and_phone"),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("company", "phone", "is_living"), name="one_customer_per_company_and_phone"),
        ),
        migrations.RemoveConstraint(model_name="service", name="one_service_per_company_and_name"),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.UniqueConstraint(fields=("company", "name", "is_living"), name="one_service_per_company_and_name"),
        ),
    ]
