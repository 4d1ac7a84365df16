"""Secrets of webhooks are encrypted; those that lie in plain text are taken over."""

from django.db import migrations, models

import recommender.models.alerts
from tagplatform.common.encryption import decrypted, encrypted


def encrypt(apps, schema_editor):
    for endpoint in apps.get_model("recommender", "WebhookEndpoint").objects.all():
        endpoint.encrypted_secret = encrypted(endpoint.encrypted_secret)
        endpoint.save(update_fields=["encrypted_secret"])


def decrypt(apps, schema_editor):
    for endpoint in apps.get_model("recommender", "WebhookEndpoint").objects.all():
        endpoint.encrypted_secret = decrypted(endpoint.encrypted_secret)
        endpoint.save(update_fields=["encrypted_secret"])


class Migration(migrations.Migration):

    dependencies = [
        ('recommender', '0020_enough_documents'),
    ]

    operations = [
        migrations.RenameField('webhookendpoint', 'secret', 'encrypted_secret'),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='encrypted_secret',
            field=models.CharField(default=recommender.models.alerts.new_encrypted_secret, editable=False, max_length=500),
        ),
        migrations.RunPython(encrypt, decrypt),
    ]
