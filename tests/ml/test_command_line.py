"""The library from the command line, from files to figures."""

import gzip
import json
from pathlib import Path

import pytest

from recommender.ml import read_manifest
from recommender.ml.__main__ import main
from tests.ml.conftest import eight_examples

NAMES = ("code", "cooking", "ai", "sport")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "documents.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        for example in eight_examples():
            row = {"id": example.document_id, "title": example.text.title, "text": example.text.body}
            lines.write(json.dumps(row | {"tags": [NAMES[example.labels[0]]], "published": None}) + "\n")
    return path


def test_train_predict_and_evaluate_work_on_files(
    documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, predictions = tmp_path / "bundle", tmp_path / "predictions.jsonl"

    statuses = [
        main([*["train", "--recipe", "tfidf-logreg"], *_files(documents), "--out", str(bundle)]),
        main(["predict", "--bundle", str(bundle), "--input", str(documents), "--output", str(predictions)]),
        main(["evaluate", "--gold", str(documents), "--predictions", str(predictions)]),
    ]

    assert statuses == [0, 0, 0]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["nDCG@5"] == 1.0


def test_a_folder_stands_in_for_its_files(documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, bundle, predictions = tmp_path / "set", tmp_path / "bundle", tmp_path / "predictions.jsonl"
    folder.mkdir()
    for part in ("train", "test"):
        (folder / f"{part}.jsonl.gz").write_bytes(documents.read_bytes())
    (folder / "dev.jsonl").write_bytes(gzip.decompress(documents.read_bytes()))
    (folder / "tags.jsonl").write_text(json.dumps({"name": "unused"}), encoding="utf-8")
    data = ["--data", str(folder)]

    statuses = [
        main(["train", *data, "--out", str(bundle)]),
        main(["predict", *data, "--bundle", str(bundle), "--output", str(predictions)]),
        main(["evaluate", *data, "--predictions", str(predictions)]),
    ]

    assert statuses == [0, 0, 0]
    trained, measured = map(json.loads, capsys.readouterr().out.splitlines())
    assert trained["digest"] == read_manifest(bundle).digest
    assert (trained["tags"], trained["documents"], trained["choice"][0]["value"]) == (5, 8, "tfidf-logreg")
    assert measured["nDCG@5"] == measured["PSP@5"] == 1.0


def test_one_file_may_be_named_in_place_of_the_folders(
    documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, bundle = tmp_path / "set", tmp_path / "bundle"
    folder.mkdir()
    (folder / "train.jsonl.gz").write_bytes(documents.read_bytes())

    refused = main(["train", "--data", str(folder), "--out", str(bundle)])
    message = capsys.readouterr().err
    status = main(["train", "--data", str(folder), "--dev", str(documents), "--out", str(bundle)])

    assert (refused, status) == (1, 0)
    assert "has no dev.jsonl.gz: name it with --dev" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--out", "bundle"], "no train file is named: name it with --train, or a folder"),
        (["predict", "--bundle", "bundle", "--output", "out.jsonl"], "no test file is named: name it with --input"),
    ],
)
def test_what_is_missing_is_said_with_how_to_name_it(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert words in capsys.readouterr().err


def test_a_folder_in_the_place_of_a_file_is_sent_to_the_right_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--train", str(tmp_path), "--out", str(tmp_path / "bundle")])

    assert "a folder is named with --data" in capsys.readouterr().err


def test_facets_of_a_tags_file_bear_one_tag_at_most(documents: Path, tmp_path: Path) -> None:
    tags, bundle = tmp_path / "tags.jsonl", tmp_path / "bundle"
    rows = [
        {"name": "topic", "at_most_one_below": True, "parents": []},
        {"name": "machines", "at_most_one_below": True, "parents": ["topic"]},
        *({"name": name, "parents": ["machines" if name in ("code", "ai") else "topic"]} for name in NAMES[:3]),
        {"name": "sport", "parents": ["sport"]},
    ]
    tags.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    main([*["train", "--recipe", "tfidf-logreg"], *_files(documents), "--tags", str(tags), "--out", str(bundle)])

    space = read_manifest(bundle).label_space
    assert [[space.tag_ids[label] for label in group] for group in space.exclusive_groups] == [
        ["machines", "code", "cooking", "ai"]
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON"),
        ('{"title": "no id"}', '"id"'),
        ('{"id": "a", "tags": "x"}', '"tags"'),
        ('{"id": "a", "published": "yesterday"}', "ISO 8601"),
        ("[1]", "object"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(
    line: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"id": "fine", "tags": ["a"]}}\n{line}\n', encoding="utf-8")

    status = main([*["train", "--recipe", "tfidf-logreg"], *_files(path), "--out", str(tmp_path / "bundle")])

    message = capsys.readouterr().err
    assert status == 1
    assert "bad.jsonl, line 2" in message
    assert reason in message


def _files(path: Path) -> list[str]:
    return ["--train", str(path), "--dev", str(path)]
