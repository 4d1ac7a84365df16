"""New vocabularies are trained by the recipe that chooses for itself; policies that stand keep theirs."""

import recommender.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0003_recipes_of_the_library")]

    operations = [
        migrations.AlterField(
            model_name="trainingpolicy",
            name="recipe",
            field=models.CharField(choices=recommender.models.recipe_choices, default="auto", max_length=40),
        ),
    ]
