"""Run inside an installation, with its environment: the newsroom sample, and versions of one bundle trained on it.

usage: python -m benchmarks.some_versions RECIPE NUMBER

Prints, as the last line, JSON of the form {"key": API key, "versions": [id, …]}; the first of them is champion. The
versions are rows of their own with the same files: a process opens each of them anew.
"""

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.models import ModelVersion


def main() -> None:
    """Exits with a message where the run does not succeed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")
    import django

    django.setup()
    from tagplatform.access.services import create_api_key
    from tagplatform.content.models import Source
    from tagplatform.content.newsroom import load_newsroom

    load_newsroom()
    versions = _versions(sys.argv[1], int(sys.argv[2]))
    scopes = ["recommend", "feedback", "documents:read", "models:read", "models:write"]
    _row, key = create_api_key(name="benchmark", source=Source.objects.get(slug="newsroom"), scopes=scopes)
    print(json.dumps({"key": key, "versions": [version.public_id for version in versions]}))


def _versions(recipe: str, n_versions: int) -> list["ModelVersion"]:
    from recommender.models import ModelVersion, TrainingRun
    from recommender.retraining import carry_out
    from recommender.runs import claim_run, request_training
    from tagplatform.common.ids import new_id
    from tagplatform.taxonomy.models import Vocabulary

    vocabulary = Vocabulary.objects.get(slug="newsroom")
    run = request_training(vocabulary=vocabulary, trigger=TrainingRun.Trigger.MANUAL, recipe=recipe, kind="full")
    claimed = claim_run(run.pk, worker="benchmark")
    if claimed is None:
        sys.exit("another process has taken the run")
    carry_out(claimed)
    run.refresh_from_db()
    if run.state != TrainingRun.State.SUCCEEDED:
        sys.exit(f"the run ended as {run.state}: {run.reason}")
    versions = [ModelVersion.objects.get(vocabulary=vocabulary)]
    for number in range(2, n_versions + 1):
        copy = ModelVersion.objects.get(pk=versions[0].pk)
        copy.pk, copy.number, copy._state.adding = new_id(), number, True
        copy.save(force_insert=True)
        versions.append(copy)
    return versions


if __name__ == "__main__":
    main()
