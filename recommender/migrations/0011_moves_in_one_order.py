from django.db import migrations, models
from django.db.models import F, Window
from django.db.models.functions import RowNumber


def number_moves(apps, schema_editor):
    """Moves that were made so far stand in the order of their time-ordered keys."""
    changes = apps.get_model("recommender", "ModelAliasChange").objects
    numbered = changes.annotate(place=Window(RowNumber(), [F("vocabulary"), F("name")], F("pk").asc()))
    for pk, place in list(numbered.values_list("pk", "place")):
        changes.filter(pk=pk).update(position=place)


class Migration(migrations.Migration):

    dependencies = [
        ("recommender", "0010_gate_policy"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelaliaschange",
            name="position",
            field=models.PositiveIntegerField(
                help_text="place among the moves of this alias, whatever clocks say", null=True
            ),
        ),
        migrations.RunPython(number_moves, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="modelaliaschange",
            name="position",
            field=models.PositiveIntegerField(help_text="place among the moves of this alias, whatever clocks say"),
        ),
        migrations.AddConstraint(
            model_name="modelaliaschange",
            constraint=models.UniqueConstraint(
                fields=("vocabulary", "name", "position"), name="alias_moves_in_one_order"
            ),
        ),
    ]
