import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recommender', '0021_encrypted_secrets'),
    ]

    operations = [
        migrations.AddField(
            model_name='challengepolicy',
            name='shadow_days',
            field=models.PositiveSmallIntegerField(default=90, help_text="older ones are removed every night, and no longer count in the challenger's figures", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='days that shadow answers are kept'),
        ),
    ]
