"""The Celery application; its settings stand in settings.py under CELERY_*."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")
TRANSPORT_ALIASES["sqla"] = "tagplatform.launcher.database_broker:Transport"  # what settings.py falls back to

app = Celery("tagplatform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["recommender.watching"])
