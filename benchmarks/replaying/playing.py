"""One arm from beginning to end: history imported, a first model, then month after month over HTTP."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import read_rows
from benchmarks.replaying.arms import NEVER, Arm
from benchmarks.replaying.calendar import DatedDocument, Month, Plan, tail_tags
from benchmarks.replaying.editors import Editors, Habits
from benchmarks.replaying.installation import SOURCE, VOCABULARY, Installation, Training, installation
from benchmarks.replaying.measures import Handled, month_figures
from benchmarks.replaying.results import Figures, finished, keep
from recommender.ml.metrics import TAIL_BELOW_DOCUMENTS

FIRST, BEGINNING, INSTALLATION = "first", "beginning", "installation"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Replay:
    """What all arms of a replay have in common."""

    data: Path
    plan: Plan
    seed: int
    recipe: str
    config: dict[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)

    @property
    def editors(self) -> Editors:
        return Editors(self.habits, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """The setting as the report shows it, and as a later call compares it."""
        months = [each.name for each in self.plan.months]
        return {
            "data": self.data.name,
            "history": len(self.plan.history),
            "months": f"{months[0]} … {months[-1]}",
            "documents": sum(len(each.documents) for each in self.plan.months),
            "seed": self.seed,
            "recipe": self.recipe,
            "config": self.config,
            "habits": asdict(self.habits),
        }


def beginning(replay: Replay, folder: Path, tell: Tell) -> Path:
    """The folder of the installation that all arms begin as copies of: history imported, first model live. Made once.

    Raises RuntimeError where the first model does not go live.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if finished(folder, replay.as_dict()) is None:
            with installation(folder / INSTALLATION) as site:
                site.load(_tag_rows(replay), (document_row(each) for each in replay.plan.history))
                settle(site, replay, NEVER)
                first = site.train()
            tell(f"first model: {first.state} in {first.wall_seconds:.0f} s ({first.cpu_seconds:.0f} CPU s)")
            if not first.promoted:
                raise RuntimeError(f"the first model did not go live: {first.reason}")
            keep(folder, replay.as_dict(), {FIRST: training_figures(first)}, [first.reason])
    return folder


def play(replay: Replay, arm: Arm, folder: Path, tell: Tell) -> None:
    """Keeps the figures in the folder, month by month, and how each training run ended."""
    base = beginning(replay, folder.parent / BEGINNING, tell)
    figures: Figures = finished(base, replay.as_dict()) or {}
    notes: list[str] = []
    with installation(folder / INSTALLATION, base=base / INSTALLATION) as site:
        settle(site, replay, arm)
        before = list(replay.plan.history)
        for month in replay.plan.months:
            handled = play_month(site, replay.editors, month)
            figures[month.name] = month_figures(handled, tail_tags(before, below=TAIL_BELOW_DOCUMENTS))
            before += month.documents
            if arm.is_retrained:
                training = site.train(**({"kind": arm.kind} if arm.kind else {}))
                figures[month.name] |= training_figures(training)
                notes.append(f"{month.name}: {training.state}, {training.run['kind']}, {training.reason}")
                tell(notes[-1])
            keep(folder, replay.as_dict(), figures, notes, ended=month == replay.plan.months[-1])
            tell(_line(month, figures[month.name]))


def settle(site: Installation, replay: Replay, arm: Arm, others: Sequence[str] = ()) -> None:
    """Policies and editors (and others who may tag) of an installation."""
    people = [f"editor-{number}" for number in range(replay.habits.n_editors)]
    policies = arm.policies(recipe=replay.recipe, seed=replay.seed, config=replay.config)
    site.settle(policies, dict.fromkeys([*people, *others], "editor"))


def added_at_best(replay: Replay, limit: int) -> dict[str, float]:
    """What the same editors would have to type each month if a list of `limit` had the true tags and nothing else."""
    editors, added = replay.editors, dict[str, float]()
    for month in replay.plan.months:
        seen = [each for each in month.documents if not editors.tags_blind(each.document_id)]
        done = (editors.handle(each.document_id, each.tags, each.tags[:limit]) for each in seen)
        added[month.name] = float(sum(len(handling.typed) for handling in done))
    return added


def play_month(site: Installation, editors: Editors, month: Month) -> list[Handled]:
    """Every document of the month comes in, gets its suggestions and its tags."""
    return [_play_document(site, editors, document) for document in month.documents]


def training_figures(training: Training) -> dict[str, float]:
    """What a retraining cost and whether it went live."""
    return {
        "retraining_seconds": training.wall_seconds,
        "retraining_cpu_seconds": training.cpu_seconds,
        "promoted": float(training.promoted),
        "incremental": float(training.run["kind"] == "incremental"),
    }


def _play_document(site: Installation, editors: Editors, document: DatedDocument) -> Handled:
    """Of a blind one the editor never sees the answer; it only says what would have been suggested."""
    key, person = document.document_id, site.people[editors.editor_of(document.document_id)]
    row = document_row(document)
    stored = {"external_id": key, "title": row["title"], "text": row["text"], "language": row["language"]}
    site.call("POST", "/documents", stored | {"published_at": f"{document.published}T00:00:00Z"}, expect=201)
    asked = {"vocabulary": VOCABULARY, "source": SOURCE, "external_id": key}
    blind = editors.tags_blind(key)
    answer = person.call("POST", "/recommendations", asked | {"blind": blind})
    suggested = tuple(each["tag"]["notation"] for each in answer["suggestions"])
    done = editors.handle_blind(key, document.tags) if blind else editors.handle(key, document.tags, suggested)
    outcome: dict[str, Any] = {
        "status": "submitted",
        "final_tags": [site.tag_ids[tag] for tag in done.final_tags],
        "rejected": [site.tag_ids[tag] for tag in done.rejected],
    }
    person.call("PUT", f"/recommendations/{answer['id']}/outcome", outcome)
    return Handled(document.tags, suggested, done.accepted, done.typed, blind)


def document_row(document: DatedDocument) -> dict[str, Any]:
    """As importing and the API take it."""
    return {
        "id": document.document_id,
        "title": document.title,
        "text": document.body,
        "language": document.language,
        "published": document.published.isoformat(),
        "tags": list(document.tags),
    }


def _tag_rows(replay: Replay) -> Iterator[dict[str, Any]]:
    """The data set's tags, then those that only documents name."""
    path = replay.data / "tags.jsonl.gz"
    rows = list(read_rows(path)) if path.is_file() else []
    yield from rows
    played = [document for month in replay.plan.months for document in month.documents]
    used = dict.fromkeys(tag for document in [*replay.plan.history, *played] for tag in document.tags)
    known = {row["name"] for row in rows}
    yield from ({"name": tag} for tag in used if tag not in known)


def _line(month: Month, figures: dict[str, float]) -> str:
    shown = ("ndcg_at_5", "acceptance_at_5", "added_by_hand", "promoted", "retraining_cpu_seconds")
    return f"{month.name} " + ", ".join(f"{name} {figures[name]:.3f}" for name in shown if name in figures)
