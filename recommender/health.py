"""Whether the recommender can answer."""

from recommender.models import ModelAlias
from recommender.serving import rankers
from tagplatform.common.health import Finding
from tagplatform.taxonomy.models import Vocabulary


def champions_loaded() -> Finding:
    """Never a reason to take the process away: the pages work without a model, and show how training goes on."""
    champions = ModelAlias.objects.filter(name=ModelAlias.Name.CHAMPION).values_list("vocabulary__slug", flat=True)
    without = set(Vocabulary.objects.values_list("slug", flat=True)) - set(champions)
    unloaded = set(champions) - {version.vocabulary.slug for version in rankers.loaded_versions()}
    parts = [
        f"{words}: {', '.join(sorted(slugs))}"
        for words, slugs in (("no model yet", without), ("not loaded yet", unloaded))
        if slugs
    ]
    return Finding("warning", "; ".join(parts)) if parts else Finding("ok")
