"""From an import to a changed answer, through real processes."""

import time
from typing import Any

import pytest

from tests.end_to_end.conftest import MakePlatform
from tests.end_to_end.platform import Platform, free_port

LESSON = (
    "The zibeline looms of Ostrava hum again: the zibeline guild opened workshop number {n}, where weavers turn "
    "zibeline yarn into coats."
)
EXAM = {"title": "Zibeline again", "text": "A new zibeline loom was set up, and zibeline weavers came to see it."}
ORDINARY = {
    "title": "Derby",
    "text": "The home team won the football match after the break, and the fans sang all night.",
}
TAUGHT = "board-games"
MOST = 50


def train(platform: Platform, recipe: str, seconds: float = 240) -> Any:
    """Ask for a run over HTTP and wait until a worker has carried it out."""
    run = platform.call("POST", "/training-runs", {"vocabulary": "newsroom", "recipe": recipe}, expect=202)

    def ended() -> Any:
        now = platform.call("GET", f"/training-runs/{run['id']}")
        return now if now["state"] not in ("queued", "running") else None

    run = platform.wait_for(ended, seconds=seconds, what="end of the training run")
    assert run["state"] == "succeeded", run
    return run


def allow_noise(platform: Platform) -> None:
    """Fifty held-out documents say little: a version may be a good deal worse on them by chance."""
    platform.sql("UPDATE recommender_gatepolicy SET ndcg_tolerance = 0.2, micro_f1_tolerance = 0.2 RETURNING id")


def suggested(platform: Platform, text: dict[str, str], *, port: int | None = None, **options: Any) -> Any:
    body = {"vocabulary": "newsroom", **text, **options}
    return platform.call("POST", "/recommendations", body, expect=201, port=port)


def teach(platform: Platform, n_lessons: int) -> None:
    """Write articles about something new and give each the tag by hand."""
    tag = platform.call("GET", f"/tags/resolve?vocabulary=newsroom&label={TAUGHT}")
    for n in range(n_lessons):
        document = {"external_id": f"lesson-{n}", "title": f"Zibeline {n}", "text": LESSON.format(n=n)}
        platform.call("POST", "/documents", document, expect=201)
        answer = suggested(platform, {"external_id": f"lesson-{n}"})
        outcome = {"status": "submitted", "final_tags": [tag["id"]]}
        decided = platform.call("PUT", f"/recommendations/{answer['id']}/outcome", outcome)
        assert decided["status"] == "submitted"


def refuse(platform: Platform, tag: Any, n_documents: int) -> None:
    """Say on many ordinary documents that they are not about the tag."""
    for n in range(n_documents):
        document = {"external_id": f"refused-{n}", "title": ORDINARY["title"], "text": f"{ORDINARY['text']} Part {n}."}
        platform.call("POST", "/documents", document, expect=201)
        answer = suggested(platform, {"external_id": f"refused-{n}"}, limit=MOST)
        outcome = {"status": "submitted", "final_tags": [], "rejected": [tag["id"]]}
        platform.call("PUT", f"/recommendations/{answer['id']}/outcome", outcome)


def notations(answer: Any) -> list[str]:
    return [suggestion["tag"]["notation"] for suggestion in answer["suggestions"]]


@pytest.mark.parametrize(
    ("services", "recipe"),
    [
        ("embedded", "auto"),
        pytest.param("redis", "tfidf-logreg", marks=pytest.mark.service),
        pytest.param("rabbitmq", "tfidf-logreg", marks=pytest.mark.service),
    ],
)
@pytest.mark.timeout(600)
def test_what_editors_decide_changes_the_answers(make_platform: MakePlatform, services: str, recipe: str) -> None:
    platform = make_platform(services)
    platform.create_key("newsroom")
    platform.start_web()
    platform.start_worker()

    first = train(platform, "tfidf-logreg")
    other_process = free_port()
    platform.start_web(port=other_process)
    allow_noise(platform)
    before = suggested(platform, EXAM, limit=5)
    surest = suggested(platform, ORDINARY, limit=5, port=other_process)["suggestions"][0]
    refuse(platform, surest["tag"], 4)
    time.sleep(1)
    sunk = suggested(platform, ORDINARY, limit=MOST, port=other_process, explain=True)
    teach(platform, 24)
    second = train(platform, recipe)

    assert first["report"]["promoted"] and second["report"]["promoted"], second["reason"]
    after = platform.wait_for(
        lambda: (a := suggested(platform, EXAM, limit=5))["model_version"] == second["report"]["version"] and a,
        seconds=10,
        what="the new champion in the web process",
    )
    assert notations(before)[0] != TAUGHT
    (refused,) = [each for each in sunk["suggestions"] if each["tag"]["id"] == surest["tag"]["id"]]
    assert refused["score"] < surest["score"]
    assert refused["adjusted"]["rejected"] == 4
    assert notations(after)[0] == TAUGHT
    assert after["degraded"] is False
