"""Facets may say that a document bears at most one of the tags below them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0003_language_counts")]

    operations = [
        migrations.AddField(
            model_name="tag",
            name="at_most_one_below",
            field=models.BooleanField(
                default=False,
                help_text="a document bears at most one of the tags below this one: suggestions keep to it",
                verbose_name="at most one tag below",
            ),
        ),
    ]
