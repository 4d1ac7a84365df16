"""Bundles of versions that nobody needs any more are deleted; what answers or may answer again stays."""

from pathlib import Path

import pytest
from pytest_django import Settings

from recommender import ml, registry
from recommender.models import ModelAlias, ModelVersion
from recommender.retention import remove_old_bundles
from recommender.selectors import champion, former_champions
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import ModelVersionFactory, TagFactory, VocabularyFactory
from tests.recommender.test_retraining import bundle_folders, do_run


def make_versions(vocabulary: Vocabulary, settings: Settings, n: int) -> list[ModelVersion]:
    """Versions 1 to n, each with its two folders."""
    versions = []
    for number in range(1, n + 1):
        paths = [f"{vocabulary.slug}/{number}-{purpose}" for purpose in ("all", "evaluated")]
        for path in paths:
            (Path(settings.BUNDLES_DIR) / path).mkdir(parents=True)
        version = ModelVersionFactory(
            vocabulary=vocabulary, number=number, bundle_path=paths[0], evaluated_path=paths[1]
        )
        versions.append(version)
    return versions


def numbers_on_disk(settings: Settings) -> list[int]:
    return sorted({int(folder.name.split("-")[0]) for folder in bundle_folders(settings)})


@pytest.mark.django_db
def test_champion_challenger_former_champions_and_the_newest_stay(settings: Settings) -> None:
    settings.BUNDLES_KEPT = 2
    vocabulary = VocabularyFactory()
    versions = make_versions(vocabulary, settings, 9)
    for version in versions[1:5]:
        registry.promote(version=version, actor=None, reason="better")
    ModelAlias.objects.create(vocabulary=vocabulary, name=ModelAlias.Name.CHALLENGER, version=versions[5])

    n_removed = remove_old_bundles(vocabulary)

    deleted = ModelVersion.objects.filter(status=ModelVersion.Status.DELETED).order_by("number")
    assert n_removed == 3
    assert [version.number for version in deleted] == [1, 2, 7]
    assert numbers_on_disk(settings) == [3, 4, 5, 6, 8, 9]


@pytest.mark.django_db
def test_a_deleted_version_neither_goes_live_nor_is_rolled_back_to(settings: Settings) -> None:
    settings.BUNDLES_KEPT = 1
    vocabulary = VocabularyFactory()
    versions = make_versions(vocabulary, settings, 3)
    for version in versions:
        registry.promote(version=version, actor=None, reason="better")

    remove_old_bundles(vocabulary)

    with pytest.raises(Conflict):
        registry.promote(version=versions[0], actor=None, reason="again")
    with pytest.raises(ml.BundleMissing):
        registry.open_version(versions[0])
    versions[0].refresh_from_db()
    assert versions[0].status == ModelVersion.Status.DELETED
    assert former_champions(vocabulary) == [versions[1]]


@pytest.mark.django_db
def test_a_folder_that_a_kept_version_shares_stays(settings: Settings) -> None:
    settings.BUNDLES_KEPT = 1
    vocabulary = VocabularyFactory()
    first, second = make_versions(vocabulary, settings, 2)
    ModelVersion.objects.filter(pk=second.pk).update(evaluated_path=first.evaluated_path)

    remove_old_bundles(vocabulary)

    assert (Path(settings.BUNDLES_DIR) / first.evaluated_path).exists()
    assert not (Path(settings.BUNDLES_DIR) / first.bundle_path).exists()


def test_a_run_that_succeeds_deletes_what_is_too_old(thumb_newsroom: Vocabulary, settings: Settings) -> None:
    settings.BUNDLES_KEPT = 1
    for notation in ("one", "two", "three"):
        TagFactory(vocabulary=thumb_newsroom, notation=notation)
        do_run(thumb_newsroom)

    version = champion(thumb_newsroom)

    assert version is not None and version.number == 3
    assert [v.status for v in ModelVersion.objects.order_by("number")] == ["deleted", "ready", "ready"]
    assert len([each for each in bundle_folders(settings) if not each.name.endswith("-data")]) == 4
