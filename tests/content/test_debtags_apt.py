"""apt in a private folder: against a small repository on disk, against nothing, and against the real one."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tagplatform.content.debtags import load_debtags
from tagplatform.content.debtags.apt import AptUnavailable, PrivateApt
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import Tag
from tests.conftest import require
from tests.content.test_debtags import PACKAGES, TRANSLATION, VOCABULARY

SYSTEM_FOLDERS = ("/etc/apt", "/var/lib/apt", "/var/lib/dpkg", "/var/cache/apt")


@pytest.fixture(autouse=True)
def own_var(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def small_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two tagged packages and the package debtags; the system's sources are set aside."""
    require(shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None, "apt")
    repository = tmp_path / "repository"
    package = _build_debtags(repository, tmp_path / "debtags")
    (repository / "Packages").write_text(PACKAGES.rstrip("\n") + "\n\n" + package)
    (repository / "zh_CN").write_text(TRANSLATION)
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] file:{repository} ./\n")
    real_options = PrivateApt._own_options
    monkeypatch.setattr(
        PrivateApt,
        "_own_options",
        lambda apt: [
            *real_options(apt), f'Dir::Etc::sourcelist "{sources}";', 'Dir::Etc::sourceparts "/dev/null";',
        ],
    )  # fmt: skip
    return repository


def _build_debtags(repository: Path, folder: Path) -> str:
    """Build the package with the vocabulary inside; its stanza for Packages."""
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN" / "control").write_text(
        "Package: debtags\nVersion: 1\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: tags\n"
    )
    vocabulary = folder / "usr/share/debtags/vocabulary"
    vocabulary.parent.mkdir(parents=True)
    vocabulary.write_text(VOCABULARY)
    repository.mkdir()
    package = repository / "debtags_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(folder), str(package)], check=True, capture_output=True)
    control = subprocess.run(["dpkg-deb", "--field", str(package)], check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return f"{control}Filename: ./debtags_1_all.deb\nSize: {package.stat().st_size}\nSHA256: {digest}\n"


def system_state() -> dict[str, int]:
    """When each file of apt's and dpkg's own was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in _system_files()}


def _system_files() -> Iterator[Path]:
    for folder in SYSTEM_FOLDERS:
        yield from (path for path in Path(folder).rglob("*") if os.access(path, os.R_OK))


def test_without_apt_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(AptUnavailable) as unavailable:
        load_debtags()

    assert "no apt-get" in unavailable.value.detail


def test_without_network_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, small_repository: Path) -> None:
    shutil.rmtree(small_repository)

    with pytest.raises(AptUnavailable) as unavailable:
        load_debtags()

    assert "no package lists" in unavailable.value.detail


@pytest.mark.django_db
def test_packages_become_documents_with_their_tags(small_repository: Path) -> None:
    before = system_state()

    summary = load_debtags()

    document = Document.objects.get(external_id="libfoo1")
    assert (document.title, document.split_group, document.language) == ("shared library", "foo", "en")
    assert list(document.tag_assignments.values_list("tag__notation", flat=True)) == ["role::shared-lib"]
    assert str(summary).startswith("7 tags and 2 documents of “debian / debtags” loaded")
    assert Tag.objects.get(notation="game::board:chess").parent == Tag.objects.get(notation="game::board")
    assert system_state() == before


@pytest.mark.django_db
def test_limit_loads_so_many_packages(small_repository: Path) -> None:
    load_debtags(limit=1)

    assert list(Document.objects.values_list("external_id", flat=True)) == ["3dchess"]


@pytest.mark.service
@pytest.mark.django_db
def test_the_real_lists_bring_thousands_of_tagged_packages() -> None:
    try:
        summary = load_debtags("zh_CN", limit=50)
    except AptUnavailable as unavailable:
        require(False, f"Debian's package lists ({unavailable.detail})")
        return

    assert summary.documents.run.rows_created == 50
    assert summary.documents.run.rows_rejected == 0
    assert Tag.objects.filter(recommendable=True).count() > 500
    assert Document.objects.get(external_id="0ad@zh-hans").split_group == "0ad"
