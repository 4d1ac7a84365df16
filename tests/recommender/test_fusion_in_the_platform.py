"""The fusion behind the platform: new tags are suggested at once, chosen tags bring others, similar documents show."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from feedback.models import Decision, Recommendation, Suggestion
from feedback.services import OutcomeReport, record_outcome
from recommender.models import TrainingPolicy, TrainingRun
from recommender.present import RankerInVocabulary
from recommender.registry import open_version
from recommender.runs import first_recipes
from recommender.selectors import champion
from recommender.services import Answer, RecommendationRequest, explain_suggestion, recommend_tags
from recommender.serving import rankers
from recommender.training_data import collect_training_data
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tagplatform.taxonomy.services import create_tag, set_tag_status
from tagplatform.taxonomy.snapshot import vocabulary_snapshot
from tests.factories import SourceFactory
from tests.recommender.test_retraining import do_run
from tests.threads import one_thread
from tests.tiny_model import Newsroom, newsroom_with_fusion, newsroom_with_model

TEXT = "A telescope sees a comet near the planet."
TETHER = f"{TEXT} A space tether holds it."


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fused-model")


@pytest.fixture
def newsroom(transactional_db: None, bundle_folder: Path) -> Iterator[Newsroom]:
    rankers.forget()
    yield newsroom_with_fusion(bundle_folder, source=SourceFactory())
    rankers.forget()


def request_for(body: str, **options: object) -> RecommendationRequest:
    return RecommendationRequest(title="", body=body, **options)  # type: ignore[arg-type]


def ask(vocabulary: Vocabulary, body: str = TEXT, **options: object) -> Answer:
    vocabulary.refresh_from_db()
    return recommend_tags(vocabulary=vocabulary, request=request_for(body, **options))


def by_notation(answer: Answer) -> dict[str, float]:
    return {suggestion.tag.notation: suggestion.probability for suggestion in answer.suggestions}


def add_tether(vocabulary: Vocabulary) -> Tag:
    return create_tag(vocabulary=vocabulary, notation="tether", label="space tether", language="en")


def test_a_new_tag_is_suggested_at_once_and_a_retired_one_is_gone_at_once(newsroom: Newsroom) -> None:
    vocabulary = newsroom.vocabulary
    before = by_notation(ask(vocabulary, TETHER, limit=3))

    tag = add_tether(vocabulary)
    named, unnamed = ask(vocabulary, TETHER, limit=3), ask(vocabulary, TEXT, limit=3)
    set_tag_status(tags=[tag], status=Tag.Status.RETIRED, actor=None)
    after = by_notation(ask(vocabulary, TETHER, limit=3))

    origins = {suggestion.tag.notation: suggestion.origin for suggestion in named.suggestions}
    assert "tether" not in before
    assert origins["tether"] == Suggestion.Origin.LABEL
    assert origins["astronomy"] == Suggestion.Origin.MODEL
    assert "tether" not in by_notation(unnamed)
    assert after == before


def test_a_new_tag_is_found_by_a_synonym_that_came_later(newsroom: Newsroom) -> None:
    tag = add_tether(newsroom.vocabulary)
    ask(newsroom.vocabulary)
    text = f"{TEXT} They call it an orbital leash."
    before = by_notation(ask(newsroom.vocabulary, text, limit=3))

    TagLabel.of(tag, "orbital leash", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()

    assert "tether" not in before
    assert "tether" in by_notation(ask(newsroom.vocabulary, text, limit=3))


def test_a_new_tag_is_found_by_its_name_in_the_plural(newsroom: Newsroom) -> None:
    add_tether(newsroom.vocabulary)

    assert "tether" in by_notation(ask(newsroom.vocabulary, f"{TEXT} Space tethers hold.", limit=3))


def test_the_ledger_keeps_what_was_decided_on_a_new_tag(newsroom: Newsroom) -> None:
    tag = add_tether(newsroom.vocabulary)
    answer = ask(newsroom.vocabulary, TETHER)

    report = OutcomeReport("submitted", [tag.pk])
    recommendation = Recommendation.objects.get()
    record_outcome(recommendation=recommendation, report=report, actor=None, origin="editor")

    row = Suggestion.objects.get(tag=tag)
    assert (row.origin, row.rank) == ("label", [s.tag.id for s in answer.suggestions].index(tag.pk) + 1)
    assert Decision.objects.get(tag=tag).kind == Decision.Kind.ACCEPTED


def test_at_most_two_new_tags_are_put_in_and_none_instead_of_the_only_one(newsroom: Newsroom) -> None:
    names = ("comet tail", "near side", "planet ring", "lens cap")
    for name in names:
        create_tag(vocabulary=newsroom.vocabulary, notation=name, label=name, language="en")
    text = f"{TEXT} Comet tail, near side, planet ring, lens cap."

    three, one = (ask(newsroom.vocabulary, text, limit=limit) for limit in (3, 1))

    assert len(three.suggestions) == 3
    assert "astronomy" in by_notation(three)
    assert len(one.suggestions) == 1
    probabilities = [suggestion.probability for suggestion in three.suggestions]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_ranker_is_widened_once_for_all_threads_and_only_for_what_changed(newsroom: Newsroom) -> None:
    vocabulary = newsroom.vocabulary
    keeper = RankerInVocabulary(open_version(newsroom.version))
    add_tether(vocabulary)
    first_snapshot = vocabulary_snapshot(vocabulary.pk)
    together = threading.Barrier(4)

    def present() -> object:
        together.wait()
        return keeper.at(first_snapshot)

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(present) for _ in range(4)]]
    first = keeper.at(first_snapshot)
    TagLabel.of(newsroom.tags["football"], "soccer", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()
    second = keeper.at(vocabulary_snapshot(vocabulary.pk))

    assert all(each is first for each in found)
    assert first.ranker.n_labels == first.n_learnt + 1
    assert second.snapshot is not first.snapshot
    assert second.ranker is first.ranker


def test_a_model_that_reads_no_texts_is_left_as_it_is(transactional_db: None, tmp_path: Path) -> None:
    plain = newsroom_with_model(tmp_path)
    add_tether(plain.vocabulary)

    answer = ask(plain.vocabulary, TETHER)

    assert set(by_notation(answer)) == set(plain.tags)


def test_a_chosen_tag_lifts_its_companion(newsroom: Newsroom) -> None:
    without = by_notation(ask(newsroom.vocabulary))

    given = by_notation(ask(newsroom.vocabulary, chosen_tag_ids=[newsroom.tags["live"].pk]))

    assert "live" not in given
    assert given["ticker"] > without["ticker"] + 0.05


def explained(newsroom: Newsroom, body: str = TEXT, **options: object) -> list[str]:
    request = request_for(body, **options)
    tag_id = newsroom.tags["astronomy"].pk
    found = explain_suggestion(vocabulary=newsroom.vocabulary, request=request, tag_id=tag_id)
    return [document.external_id for document in found.similar]


def test_an_explanation_names_similar_documents_that_the_reader_may_see(newsroom: Newsroom) -> None:
    everything = explained(newsroom, readable=Document.objects.all())
    own = explained(newsroom, readable=Document.objects.filter(external_id=everything[1]))

    assert len(everything) == 3
    assert own == everything[1:2]
    assert explained(newsroom, readable=Document.objects.none()) == []
    assert explained(newsroom) == []


def test_similar_documents_are_others_that_still_bear_the_tag(newsroom: Newsroom) -> None:
    first, *_ = explained(newsroom, readable=Document.objects.all())
    document = Document.objects.get(external_id=first)

    of_itself = explained(newsroom, document.body, document=document, readable=Document.objects.all())
    TagAssignment.objects.filter(document=document, tag=newsroom.tags["astronomy"]).delete()
    after = explained(newsroom, readable=Document.objects.all())

    assert first not in of_itself and len(of_itself) == 3
    assert first not in after and len(after) == 3


def test_what_a_vocabulary_says_of_a_tag_is_learnt_from_and_a_changed_synonym_is_news(newsroom: Newsroom) -> None:
    vocabulary, astronomy = newsroom.vocabulary, newsroom.tags["astronomy"]
    Tag.objects.filter(pk=astronomy.pk).update(
        definition="What is in the sky.", scope_note="Not astrology.", parent=newsroom.tags["cooking"]
    )
    before = collect_training_data(vocabulary)
    for text, kind, language in (("天文学", "preferred", "zh-hans"), ("stargazing", "hidden", "en")):
        TagLabel.of(astronomy, text, language=language, kind=kind).save()

    after = collect_training_data(vocabulary)

    said = after.tag_texts[after.label_space.label_by_tag_id[str(astronomy.pk)]]
    assert (said.label, said.parents) == ("astronomy", ("cooking",))
    assert said.synonyms == ("天文学", "stargazing", "astronomy")
    assert said.definition == "What is in the sky.\nNot astrology."
    assert len(after.tag_texts) == after.label_space.n_labels
    assert after.digest != before.digest
    assert collect_training_data(vocabulary).digest == after.digest


@pytest.mark.parametrize("recipe", ["fusion", "auto"])
def test_the_first_models_are_the_baseline_and_then_what_the_policy_names(newsroom: Newsroom, recipe: str) -> None:
    vocabulary = newsroom.vocabulary
    quick = {"threads": 1, "crossfit_folds": 2, "boosting": {"n_trees": 20, "smallest_leaf": 4}}
    config = quick if recipe == "fusion" else {"fusion": quick, "threads": 1}
    TrainingPolicy.objects.create(vocabulary=vocabulary, recipe=recipe, config=config)

    asked = []
    with one_thread():
        while left := first_recipes(vocabulary):
            asked.append(left)
            run = do_run(vocabulary, recipe=left[0], trigger=TrainingRun.Trigger.FIRST)
            assert run.state == "succeeded", run.reason

    assert asked == [["tfidf-logreg", recipe], [recipe]]
    assert run.report["baseline"]["ndcg_at_5"] == TrainingRun.objects.earliest("pk").report["metrics"]["ndcg_at_5"]
    version = champion(vocabulary)
    assert version is not None
    if run.report["promoted"]:
        assert version.recipe == recipe


def test_a_policy_of_the_baseline_asks_for_one_first_model(newsroom: Newsroom) -> None:
    TrainingPolicy.objects.create(vocabulary=newsroom.vocabulary, recipe="tfidf-logreg")

    assert first_recipes(newsroom.vocabulary) == ["tfidf-logreg"]
