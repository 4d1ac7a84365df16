from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recommender', '0018_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='trainingrun',
            name='finished',
            field=models.JSONField(blank=True, default=dict, help_text='what another worker goes on from if this one dies', verbose_name='finished stages'),
        ),
    ]
