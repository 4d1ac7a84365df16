"""Machines share bundles and snapshots through a store: nothing half-written is opened, copies are checked and few."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from recommender import bundle_folders, ml, registry
from recommender.bundle_cache import cache_place, cached_folder
from recommender.bundle_store import LIST, StoreUnreachable, is_stored, store_folder, stored_files
from recommender.models import DataSnapshot, ModelVersion
from recommender.repeating import request_repetition
from recommender.selectors import champion
from recommender.snapshots import EXAMPLES_FILE, POOL_FILE, pool_file
from recommender.tasks import erase_from_snapshots
from tagplatform.common.stores import storage_of
from tagplatform.content.models import Document
from tagplatform.content.services import erase_document
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TagFactory
from tests.feedback.evidence import unhurried
from tests.recommender.test_retraining import do_run
from tests.recommender.test_snapshots import finished

BUCKET = "bundles"
Machine = Callable[[str], None]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3, with one bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    ).create_bucket(Bucket=BUCKET)
    yield address
    server.stop()


def share(settings: Settings, place: str) -> None:
    settings.STORAGES = {**settings.STORAGES, "bundles": storage_of(place)}


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Bundles are shared, through a folder and through S3."""
    if request.param == "folder":
        place = str(tmp_path / "store")
    else:
        speak_s3(monkeypatch, request.getfixturevalue("s3_server"))
        place = f"s3://{BUCKET}/{tmp_path.name}"
    share(settings, place)
    return place


def speak_s3(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    variables = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": address,
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def machine(settings: Settings, tmp_path: Path) -> Machine:
    """`machine("b")` goes on as another machine, whose disk has nothing of the others'."""

    def become(name: str) -> None:
        settings.BUNDLES_DIR = tmp_path / name / "bundles"
        settings.BUNDLES_CACHE_DIR = tmp_path / name / "cache"

    become("a")
    return become


def files_of(machine: str, tmp_path: Path) -> list[str]:
    found = (path for path in (tmp_path / machine).rglob("*") if path.is_file() and not path.name.startswith(".lock"))
    return sorted(path.name for path in found)


def written(path: str, files: dict[str, bytes]) -> Path:
    """A folder to be stored."""
    folder = bundle_folders.work_folder(path)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def stored(path: str, files: dict[str, bytes]) -> None:
    store_folder(path, written(path, files))
    shutil.rmtree(bundle_folders.work_folder(path))


def put(name: str, content: bytes) -> None:
    storages["bundles"].delete(name)
    storages["bundles"].save(name, ContentFile(content))


def test_what_one_machine_has_trained_answers_on_another(
    thumb_newsroom: Vocabulary, store: str, machine: Machine, tmp_path: Path
) -> None:
    run = do_run(thumb_newsroom)
    left_on_a = files_of("a", tmp_path)
    machine("b")

    version = champion(thumb_newsroom)

    assert run.state == "succeeded", run.reason
    assert version is not None and registry.open_version(version).digest == version.bundle_digest
    assert len(registry.held_out_predictions(version).document_ids) > 0
    assert left_on_a == []
    assert cache_place(version.bundle_path).is_dir()


def test_the_next_run_is_judged_beside_a_champion_from_the_store(
    thumb_newsroom: Vocabulary, store: str, machine: Machine
) -> None:
    do_run(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    machine("b")

    run = do_run(thumb_newsroom)

    assert run.report["gate"]["compared_with"] == "thumb-1"
    assert run.report["verdict"] == "not worse"


def test_a_folder_without_its_list_is_no_bundle(store: str, machine: Machine, tmp_path: Path) -> None:
    stored("news/1-all", {"a.json": b"{}", "b.bin": b"12"})
    storages["bundles"].delete(f"news/1-all/{LIST}")

    with pytest.raises(ml.BundleMissing):
        cached_folder("news/1-all")

    assert files_of("a", tmp_path) == []


def test_the_list_is_written_last(machine: Machine, settings: Settings, tmp_path: Path) -> None:
    share(settings, str(tmp_path / "store"))
    folder = written("news/1-all", {"a.json": b"{}", "b.bin": b"12"})
    (tmp_path / "store" / "news" / "1-all" / "b.bin").mkdir(parents=True)  # a file cannot take its place

    with pytest.raises(StoreUnreachable):
        store_folder("news/1-all", folder)

    assert not is_stored("news/1-all")


def test_a_stored_file_that_was_altered_is_refused_and_not_kept(store: str, machine: Machine, tmp_path: Path) -> None:
    stored("news/1-all", {"a.json": b"{}", "b.bin": b"12"})
    put("news/1-all/b.bin", b"13")

    with pytest.raises(ml.BundleCorrupt, match="sha256"):
        cached_folder("news/1-all")

    assert files_of("a", tmp_path) == []


def test_a_damaged_copy_is_fetched_once_more(thumb_newsroom: Vocabulary, store: str, machine: Machine) -> None:
    do_run(thumb_newsroom)
    version = champion(thumb_newsroom)
    assert version is not None
    registry.open_version(version)
    for file in cache_place(version.bundle_path).glob("*.safetensors"):
        file.write_bytes(b"damaged")

    ranker = registry.open_version(version)

    assert ranker.digest == version.bundle_digest
    assert ModelVersion.objects.get().status == "ready"


def test_a_store_that_cannot_be_reached_says_nothing_of_the_bundle(
    thumb_newsroom: Vocabulary, settings: Settings, machine: Machine, monkeypatch: pytest.MonkeyPatch, s3_server: str
) -> None:
    speak_s3(monkeypatch, s3_server)
    share(settings, f"s3://{BUCKET}/away")
    do_run(thumb_newsroom)
    version = champion(thumb_newsroom)
    assert version is not None
    speak_s3(monkeypatch, "http://127.0.0.1:9")
    share(settings, f"s3://{BUCKET}/away")

    with pytest.raises(StoreUnreachable, match="BUNDLES_STORE"):
        registry.open_version(version)

    assert ModelVersion.objects.get().status == "ready"


def test_a_run_that_cannot_store_its_bundle_fails_and_registers_nothing(
    thumb_newsroom: Vocabulary, settings: Settings, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    share(settings, str(tmp_path / "file"))

    run = do_run(thumb_newsroom)

    assert run.state == "failed" and "BUNDLES_STORE" in run.reason
    assert not ModelVersion.objects.exists()
    assert files_of("a", tmp_path) == []


def test_copies_beyond_the_limit_go_the_least_used_first(settings: Settings, machine: Machine, tmp_path: Path) -> None:
    share(settings, str(tmp_path / "store"))
    settings.BUNDLES_CACHE_MB = 2
    for number in (1, 2, 3):
        stored(f"news/{number}-all", {"b.bin": bytes(900_000)})
    for number in (1, 2):
        os.utime(cached_folder(f"news/{number}-all") / LIST, (number, number))
    cached_folder("news/1-all")

    cached_folder("news/3-all")

    assert [number for number in (1, 2, 3) if cache_place(f"news/{number}-all").exists()] == [1, 3]


def test_a_removed_bundle_leaves_the_store_and_other_machines_with_their_next_fetch(
    store: str, machine: Machine
) -> None:
    for number in (1, 2):
        stored(f"news/{number}-all", {"b.bin": b"12"})
    machine("b")
    cached_folder("news/1-all")
    machine("a")

    bundle_folders.remove("news/1-all")
    gone = bundle_folders.paths_of("news", "1-")
    machine("b")
    cached_folder("news/2-all")

    assert gone == [] and not is_stored("news/1-all")
    assert not cache_place("news/1-all").exists()


def test_many_threads_that_want_a_bundle_fetch_it_once(settings: Settings, machine: Machine, tmp_path: Path) -> None:
    share(settings, str(tmp_path / "store"))
    stored("news/1-all", {"b.bin": bytes(3_000_000)})

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: (cached_folder("news/1-all") / "b.bin").stat().st_ino, range(8)))

    assert len(set(found)) == 1
    assert files_of("a", tmp_path) == sorted(["b.bin", LIST])


def test_what_a_killed_process_was_fetching_is_cleared_away_later(
    settings: Settings, machine: Machine, tmp_path: Path
) -> None:
    share(settings, str(tmp_path / "store"))
    stored("news/1-all", {"b.bin": b"12"})
    left = cache_place("news/.aside-0-all-x")
    left.mkdir(parents=True)
    os.utime(left, (1, 1))

    cached_folder("news/1-all")

    assert not left.exists()


def test_old_versions_leave_the_store(
    thumb_newsroom: Vocabulary, store: str, machine: Machine, settings: Settings
) -> None:
    settings.BUNDLES_KEPT = settings.SNAPSHOTS_KEPT = 1
    for notation in ("one", "two", "three"):
        TagFactory(vocabulary=thumb_newsroom, notation=notation)
        do_run(thumb_newsroom)

    versions = list(ModelVersion.objects.order_by("number"))

    assert [version.status for version in versions] == ["deleted", "ready", "ready"]
    assert [is_stored(version.bundle_path) for version in versions] == [False, True, True]
    assert [is_stored(each.path) for each in DataSnapshot.objects.order_by("pk")] == [False, False, True]
    assert len(bundle_folders.paths_of("thumb", "")) == 5


def test_a_run_is_repeated_on_a_machine_that_has_never_seen_its_snapshot(
    thumb_newsroom: Vocabulary, store: str, machine: Machine
) -> None:
    first = do_run(thumb_newsroom)
    machine("b")

    second = finished(request_repetition(run=first, requested_by=None))

    assert second.report["same_bundle"] is True


def test_no_machine_keeps_a_copy_of_texts_and_erased_ones_leave_the_store(
    thumb_newsroom: Vocabulary, store: str, machine: Machine, tmp_path: Path
) -> None:
    do_run(thumb_newsroom)
    machine("b")
    snapshot = DataSnapshot.objects.get()
    document = Document.objects.order_by("pk")[0]
    erase_document(document=document)

    has_pool = pool_file(snapshot).is_file()
    n_changed = erase_from_snapshots()

    snapshot.refresh_from_db()
    listed = {each.name: each for each in stored_files(snapshot.path)}
    assert has_pool and n_changed == 1 and erase_from_snapshots() == 0
    assert snapshot.status == "erased"
    assert listed[EXAMPLES_FILE].sha256 == snapshot.digest
    assert EXAMPLES_FILE not in files_of("b", tmp_path) and POOL_FILE in files_of("b", tmp_path)


FILES = st.dictionaries(st.from_regex(r"[a-z]{1,8}\.bin", fullmatch=True), st.binary(max_size=200), max_size=4)


@unhurried
@given(files=FILES)
def test_a_copy_is_what_was_stored(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("machines")
    shared = {**django_settings.STORAGES, "bundles": storage_of(str(folder / "store"))}
    with override_settings(BUNDLES_DIR=folder / "work", BUNDLES_CACHE_DIR=folder / "cache", STORAGES=shared):
        stored("news/1-all", files)

        copy = cached_folder("news/1-all")
        names = [each.name for each in stored_files("news/1-all")]

    assert {file.name: file.read_bytes() for file in copy.iterdir() if file.name != LIST} == files
    assert names == sorted(files)


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("/srv/bundles", {"location": "/srv/bundles", "allow_overwrite": True}),
        ("file:///srv/bundles", {"location": "/srv/bundles", "allow_overwrite": True}),
        ("s3://tags/a/b/", {"bucket_name": "tags", "location": "a/b", "file_overwrite": True}),
        ("s3://tags", {"bucket_name": "tags", "location": "", "file_overwrite": True}),
    ],
)
def test_a_store_is_named_in_one_line(place: str, options: dict[str, Any]) -> None:
    assert storage_of(place)["OPTIONS"] == options


@pytest.mark.parametrize("place", ["bundles", "s3://", "ftp://host/x", "file://host/x"])
def test_a_store_that_is_none_is_refused_at_the_start(place: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="BUNDLES_STORE"):
        storage_of(place)
