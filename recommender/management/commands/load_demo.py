"""Load the demo and bring its first models live; does nothing where that has been done."""

import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from recommender.demo import demo_vocabulary, load_demo_content
from recommender.models import TrainingRun
from recommender.runs import first_recipes, request_training
from recommender.schedules import schedule_every_vocabulary
from recommender.selectors import active_run, champion
from recommender.tasks import train
from tagplatform.taxonomy.models import Vocabulary

SECONDS_BETWEEN_LOOKS = 0.5


class Command(BaseCommand):
    help = "Loads the demo (Debian packages and their tags, or the newsroom sample) and trains its first models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sample", choices=["auto", "debtags", "newsroom"], default="auto")
        parser.add_argument("--no-training", action="store_true", help="only load the documents")

    def handle(self, *args: Any, **options: Any) -> None:
        vocabulary = demo_vocabulary()
        if vocabulary is None:
            vocabulary, message = load_demo_content(options["sample"])
            self.stdout.write(message)
        schedule_every_vocabulary()
        if not options["no_training"]:
            self._train_first_models(vocabulary)

    def _train_first_models(self, vocabulary: Vocabulary) -> None:
        self._follow(active_run(vocabulary))
        for recipe in first_recipes(vocabulary):
            run = request_training(vocabulary=vocabulary, trigger=TrainingRun.Trigger.FIRST, recipe=recipe)
            train.delay(str(run.pk))
            self._follow(run)

    def _follow(self, run: TrainingRun | None) -> None:
        """Show the run's progress until it ends."""
        if run is None:
            return
        with tqdm(
            total=100, desc=run.get_recipe_display(), unit="%", bar_format="{desc}: {n:.0f}% {bar} {postfix}"
        ) as bar:
            _until_ended(run, lambda: _show(run, bar))
        live = champion(run.vocabulary)
        figure = run.report.get("metrics", {}).get("ndcg_at_5", {}).get("value")
        quality = f", nDCG@5 {figure:.3f}" if figure is not None else ""
        self.stdout.write(f"{run.get_recipe_display()}: {run.get_state_display()}{quality}. {run.reason}")
        self.stdout.write(f"Live now: {live.name if live else 'no model yet'}")


def _until_ended(run: TrainingRun, show: Callable[[], None]) -> None:
    while run.state in TrainingRun.ACTIVE_STATES:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        run.refresh_from_db()
        show()


def _show(run: TrainingRun, bar: "tqdm[Any]") -> None:
    bar.set_postfix_str(run.stage or str(run.get_state_display()))
    bar.update(100 * run.progress - bar.n)
