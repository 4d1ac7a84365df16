"""Common: what every app stands on; it knows no app."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "tagplatform.common"
    label = "common"
