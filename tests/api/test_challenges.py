"""The challenger over HTTP: put up, withdrawn, and what trying it has shown."""

from pathlib import Path

from feedback.models import Recommendation
from recommender.challengers import put_up_challenger
from recommender.comparing import start_interleaving
from recommender.models import ModelAliasChange, ShadowAnswer
from recommender.selectors import challenger
from tagplatform.common.scopes import Scope
from tests.api.conftest import Caller, new_caller
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, add_version

ALIAS = "/models/aliases/challenger"


def test_a_version_is_put_up_and_withdrawn(caller: Caller, newsroom: Newsroom, bundle_folder: Path) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)

    put_up = caller.put(ALIAS, {"model": second.public_id, "reason": "promising"})
    withdrawn = caller.delete(f"{ALIAS}?vocabulary=newsroom")

    assert put_up.json()["aliases"] == ["challenger"] and withdrawn.json()["aliases"] == []
    assert challenger(newsroom.vocabulary) is None
    reasons = ModelAliasChange.objects.filter(name="challenger").order_by("position").values_list("reason", flat=True)
    assert list(reasons) == ["promising", "withdrawn over the API"]
    assert caller.delete(f"{ALIAS}?vocabulary=newsroom").json()["code"] == "no_challenger"


def test_the_champion_cannot_be_put_up(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.put(ALIAS, {"model": newsroom.version.public_id})

    assert (answer.status_code, answer.json()["code"]) == (409, "is_champion")


def test_who_may_only_read_models_puts_nothing_up(newsroom: Newsroom, bundle_folder: Path) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)
    reader = new_caller(Scope.MODELS_READ)

    assert reader.put(ALIAS, {"model": second.public_id}).status_code == 403
    assert reader.delete(ALIAS).status_code == 403


def test_the_figures_of_the_shadow_are_read(caller: Caller, newsroom: Newsroom, bundle_folder: Path) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)
    address = f"/models/{second.public_id}/challenge"
    before = caller.get(address).json()
    answer = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "limit": 1}).json()
    given = Recommendation.objects.get()
    ShadowAnswer.objects.create(
        recommendation_id=given.pk, version=second, tag_ids=[newsroom.tags["football"].pk], probabilities=[0.9],
        seconds=0.25,
    )  # fmt: skip

    found = caller.get(address).json()

    assert before == {
        "model": {"id": second.public_id, "name": "newsroom-2"}, "is_challenger": False, "shadow": None,
        "comparisons": [],
    }  # fmt: skip
    shadow = found["shadow"]
    assert (shadow["champion"], shadow["n_texts"], shadow["n_blind"]) == (answer["model_version"], 1, 0)
    assert shadow["agreement_at_5"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert shadow["seconds"]["challenger"]["value"] == 0.25
    assert shadow["ndcg_at_5"] is None


def test_a_blind_answer_is_kept_as_one(caller: Caller, newsroom: Newsroom) -> None:
    caller.post("/recommendations", {"text": FOOTBALL_TEXT, "blind": True})

    assert Recommendation.objects.get().policy == Recommendation.Policy.BLIND


def test_comparisons_are_read_with_bounds_that_hold_at_any_moment(
    caller: Caller, newsroom: Newsroom, bundle_folder: Path
) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)
    put_up_challenger(version=second, actor=None, reason="a try")
    start_interleaving(vocabulary=newsroom.vocabulary, actor=None)

    (found,) = caller.get(f"/models/{second.public_id}/challenge").json()["comparisons"]

    assert (found["champion"], found["state"], found["n_won"]) == ("newsroom-1", "running", 0)
    assert found["share_won"] == {"value": None, "low": 0.0, "high": 1.0}
    assert found["preference"] is None and found["ended_at"] is None
