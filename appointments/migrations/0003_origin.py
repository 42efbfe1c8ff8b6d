from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0002_holds_and_offers'),
    ]

    operations = [
        migrations.AddField(
            model_name='appointment',
            name='origin',
            field=models.CharField(choices=[('call', 'phone call'), ('staff', 'staff or a program'), ('calendar', 'the calendar itself')], default='call', help_text='Where it was booked first.', max_length=8, verbose_name='origin'),
        ),
    ]
