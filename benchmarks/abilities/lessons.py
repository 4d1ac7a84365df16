"""A data set as the library reads it, in the label space of a bundle."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.compare.documents import DataSet
from recommender.ml import Example, LabelSpace, Ranker, TagText, config_from_json, open_bundle, read_manifest
from recommender.ml.json_lines import TaggedDocument, as_examples, read_documents, read_tag_texts
from recommender.ml.parts import TrainingTask


@dataclass(frozen=True)
class Opened:
    """A bundle and the data set that it learnt from."""

    data: DataSet
    bundle: Path

    @cached_property
    def ranker(self) -> Ranker:
        return open_bundle(self.bundle, threads=1)

    @property
    def label_space(self) -> LabelSpace:
        return self.ranker.label_space

    def documents(self, part: str) -> list[TaggedDocument]:
        """Documents of a part that bear a tag."""
        return [document for document in read_documents(self.data.part(part)) if document.tags]

    def examples(self, part: str) -> list[Example]:
        """All documents of a part; tags that the bundle does not know are left out."""
        return as_examples(list(read_documents(self.data.part(part))), self.label_space)

    def task(self, precision_target: float) -> TrainingTask:
        """What the bundle was trained on, as the command line puts it."""
        manifest = read_manifest(self.bundle)
        return TrainingTask(
            self.examples("train"),
            self.examples("dev"),
            self.label_space,
            config_from_json(manifest.recipe, manifest.config),
            manifest.seed,
            lambda _stage, _fraction: None,
            tag_texts=tag_texts(self.data, self.label_space.tag_ids),
            precision_target=precision_target,
        )


def tag_texts(data: DataSet, names: tuple[str, ...]) -> list[TagText]:
    """What the tags file says of each tag, or its name alone."""
    known = read_tag_texts(data.tags_file) if data.tags_file else {}
    return [known.get(name) or TagText(name) for name in names]
