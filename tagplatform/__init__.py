"""The project: its settings, its ground apps and what starts them."""

from tagplatform.celery import app as celery_app

__all__ = ["celery_app"]
