"""Annif (Suominen, 2019) as its tutorial sets it up: lexical matching (MLLM) and Omikuji Bonsai, averaged 0.2 to 0.8.

The vocabulary becomes SKOS: a tag's first name is its prefLabel, the others are altLabels. Annif's own tools train and
suggest, in process. It has no analyser for Chinese: text and names are cut by jieba and go through `simple`. Sentences
end at stops, without NLTK's downloaded list of abbreviations.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import Document, Tag
from benchmarks.compare.peers.kinds import Lesson, Rank
from benchmarks.compare.peers.text import segmented

_LANGUAGE = "en"
_PUNKT_FILES = ("abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt")
_ANALYSERS = {"zh": "simple(token_min_length=1)"}
_CACHES = ("omikuji-train.txt", "mllm-train.gz")
_PROJECTS = """
[mllm]
language={language}
backend=mllm
vocab=tags
analyzer={analyser}
limit=100

[bonsai]
language={language}
backend=omikuji
vocab=tags
analyzer={analyser}
limit=100
cluster_balanced=False
cluster_k=100
max_depth=3
ngram={ngram}
min_df={min_df}

[ensemble]
language={language}
backend=ensemble
vocab=tags
sources=mllm:0.2,bonsai:0.8
limit=20
"""


def train(lesson: Lesson) -> None:
    _write_stops(lesson.folder)
    _write_projects(lesson)
    language = _language(lesson.documents)
    (lesson.folder / "tags.json").write_text(json.dumps([tag.name for tag in lesson.vocabulary]), encoding="utf-8")
    registry = _registry(lesson.folder)
    registry.get_vocab("tags").load_vocabulary(_skos(lesson.vocabulary, language, lesson.folder / "tags.ttl"))
    tagged = [document for document in lesson.documents if document.tags]
    few = random.Random(0).sample(tagged, min(len(tagged), lesson.settings["lexical_documents"]))
    subjects = registry.get_vocab("tags").subjects
    for project, documents in (("mllm", few), ("bonsai", tagged)):
        registry.get_project(project).train(_corpus(documents, lesson.vocabulary, subjects), jobs=1)
    for cache in _CACHES:
        for path in lesson.folder.rglob(cache):
            path.unlink()


def open_model(folder: Path) -> Rank:
    from annif.corpus.types import Document as AnnifDocument

    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    project = _registry(folder).get_project("ensemble")
    project.initialize()
    label_of = [int(subject.uri.rsplit(":", 1)[1]) for subject in project.subjects]

    def rank(documents: Sequence[Document], limit: int) -> list[list[tuple[str, float]]]:
        batch = project.suggest([AnnifDocument(text=segmented(document)) for document in documents])
        return [
            [(tags[label_of[found.subject_id]], float(found.score)) for found in list(batch[row])[:limit]]
            for row in range(len(documents))
        ]

    return rank


def _registry(folder: Path) -> Any:
    import nltk.data
    from annif.registry import AnnifRegistry

    nltk.data.path.insert(0, str(folder / "nltk"))
    return AnnifRegistry(str(folder / "projects.cfg"), str(folder), init_projects=False)


def _write_projects(lesson: Lesson) -> None:
    settings = {name: lesson.settings[name] for name in ("ngram", "min_df")}
    analyser = _ANALYSERS.get(_language(lesson.documents), "snowball(english)")
    text = _PROJECTS.format(language=_LANGUAGE, analyser=analyser, **settings)
    (lesson.folder / "projects.cfg").write_text(text, encoding="utf-8")


def _write_stops(folder: Path) -> None:
    """A Punkt model that knows no abbreviation."""
    punkt = folder / "nltk" / "tokenizers" / "punkt_tab" / "english"
    punkt.mkdir(parents=True)
    for name in _PUNKT_FILES:
        (punkt / name).touch()


def _skos(vocabulary: Sequence[Tag], language: str, path: Path) -> Any:
    from annif.vocab import VocabFileSKOS
    from rdflib import Graph, Literal, URIRef
    from rdflib.namespace import RDF, SKOS

    graph = Graph()
    for label, tag in enumerate(vocabulary):
        concept = URIRef(_uri(label))
        graph.add((concept, RDF.type, SKOS.Concept))
        for number, name in enumerate(tag.names):
            kind = SKOS.altLabel if number else SKOS.prefLabel
            graph.add((concept, kind, Literal(segmented(Document("", "", name, language, ())), _LANGUAGE)))
    graph.serialize(destination=str(path), format="turtle")
    return VocabFileSKOS(str(path))


def _corpus(documents: Sequence[Document], vocabulary: Sequence[Tag], subjects: Any) -> Any:
    from annif.corpus.types import Document as AnnifDocument
    from annif.corpus.types import DocumentCorpus, SubjectSet

    class Corpus(DocumentCorpus):  # type: ignore[misc]
        """The training documents in Annif's form, cut into words once."""

        def __init__(self) -> None:
            subject_of = {tag.name: subjects.by_uri(_uri(label)) for label, tag in enumerate(vocabulary)}
            self._subjects = [[subject_of[tag] for tag in document.tags] for document in documents]
            self._texts = [segmented(document) for document in documents]

        @property
        def documents(self) -> Iterator[Any]:
            for text, some in zip(self._texts, self._subjects, strict=True):
                yield AnnifDocument(text=text, subject_set=SubjectSet(some))

    return Corpus()


def _uri(label: int) -> str:
    return f"urn:tag:{label}"


def _language(documents: Sequence[Document]) -> str:
    return Counter(document.language for document in documents).most_common(1)[0][0]
