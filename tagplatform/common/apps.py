"""Common: what every app stands on; it knows no app."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "tagplatform.common"
    label = "common"

    def ready(self) -> None:
        """Fields without a name of their own are shown in the reader's language."""
        from tagplatform.common.field_names import translate_field_names

        translate_field_names()
