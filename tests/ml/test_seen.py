"""What a ranker has seen is known by document and by group, and survives the disk."""

from pathlib import Path

import pytest

from recommender.ml import BundleCorrupt, Example, SeenDocuments, Text


def example(document_id: str, group: str = "") -> Example:
    return Example(text=Text("", "words", "en"), labels=(), document_id=document_id, group=group)


def test_documents_and_their_siblings_are_seen_after_saving(tmp_path: Path) -> None:
    SeenDocuments.of([example("a", "series"), example("b")]).save(tmp_path / "seen.bin")

    seen = SeenDocuments.load(tmp_path / "seen.bin")

    assert example("a") in seen and example("b") in seen and example("c", "series") in seen
    assert example("c") not in seen and example("series") not in seen and example("") not in seen


def test_a_missing_or_cut_off_file_is_a_damaged_bundle(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(b"12345")

    for name in ("cut", "missing"):
        with pytest.raises(BundleCorrupt):
            SeenDocuments.load(tmp_path / name)
