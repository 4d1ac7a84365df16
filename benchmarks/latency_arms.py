"""What shadow answers and adjustments add to the latency of POST /recommendations: arms in turns, in one run.

    .venv/bin/python -m benchmarks.api_latency --arms

Makes an installation of its own (embedded database, the newsroom sample, one gunicorn process). In every round each
arm is set in the database, followed by the process, and measured on the same texts, in a new order; so what else the
machine does falls on all arms alike, and ratios within a round hold where milliseconds do not.

- `nothing`: a challenger that is asked nothing, no adjustments
- `shadow 1 %`, `shadow 100 %`: the challenger is asked such a share of the requests in the background
- `adjustments`: two tags stand rejected on every text, offsets from these decisions, prototypes of ten new tags
"""

import argparse
import csv
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.api_latency import PROJECT, Client, long_texts, quantile
from benchmarks.replaying.installation import installation, run_inside

RESULTS = PROJECT / "benchmarks" / "results" / "api_latency_arms.csv"
COLUMNS = (
    "arm", "requests", "p50_ms", "p95_ms", "p99_ms", "ranking_p50_ms", "p50_ratio", "p50_ratio_low", "p50_ratio_high",
    "shadow_answers", "changed_answers", "load", "model",
)  # fmt: skip
ROUNDS, TEXTS, REQUESTS, WARM_UP = 5, 60, 40, 10
FOLLOW_SECONDS = 2.5
NEW_TAGS, EXAMPLES_A_TAG, REJECTED_A_TEXT = 10, 5, 2
BASE = "nothing"


@dataclass
class Arm:
    """How an arm is set, and what was measured: by round the milliseconds, and each text's suggestions."""

    name: str
    shadow_share: float = 0.0
    adjusted: bool = False
    by_round: list[list[float]] = field(default_factory=list)
    ranking_ms: list[float] = field(default_factory=list)
    suggestions: dict[bytes, list[str]] = field(default_factory=dict)
    n_shadow: int = 0


def measure_arms(arguments: argparse.Namespace) -> None:
    """The whole run; raises where a process of it fails."""
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "latency") as installed:
        platform = installed.platform
        made = json.loads(run_inside(platform, "benchmarks.some_versions", arguments.recipe, "2").splitlines()[-1])
        os.environ.update(platform.environment, DJANGO_SETTINGS_MODULE="tagplatform.settings")
        import django

        django.setup()
        _add_new_tags()
        platform.start_web()
        client = Client(platform.address, made["key"])
        texts = long_texts(platform.address, made["key"])[:TEXTS]
        bodies = [json.dumps({"text": text}).encode() for text in texts]
        switch = _world(platform.http, platform.address, made, bodies)
        arms = [Arm(BASE), Arm("shadow 1 %", 0.01), Arm("shadow 100 %", 1.0), Arm("adjustments", adjusted=True)]
        dice = random.Random(1)
        for _ in range(ROUNDS):
            for arm in dice.sample(arms, len(arms)):
                _play(arm, client, dice.sample(bodies, REQUESTS), switch)
    _write([_row(arm, arms[0], client.model) for arm in arms])


def _play(arm: Arm, client: Client, bodies: list[bytes], switch: Callable[[Arm], None]) -> None:
    """One round of one arm."""
    from recommender.models import ShadowAnswer

    switch(arm)
    client.connection.close()  # the server would, while nothing is asked
    _let_it_follow(ShadowAnswer.objects.count)
    client.send_all(bodies[:WARM_UP])
    client.forget()
    before = ShadowAnswer.objects.count()
    arm.suggestions |= dict(zip(bodies, client.send_all(bodies), strict=True))
    arm.by_round.append([1000 * seconds for seconds in client.seconds])
    arm.ranking_ms += client.ranking_ms
    arm.n_shadow += ShadowAnswer.objects.count() - before


def _let_it_follow(n_shadow: Callable[[], int]) -> None:
    """Wait until the process has seen how the arm is set, and the queue of the arm before is empty."""
    present = -1
    while present != n_shadow():
        present = n_shadow()
        time.sleep(FOLLOW_SECONDS)


def _world(http: Any, address: str, made: dict[str, Any], bodies: list[bytes]) -> Callable[[Arm], None]:
    """A challenger, and decisions on every text; what sets an arm comes back."""
    from feedback.models import StandingRejection
    from recommender.challengers import put_up_challenger
    from recommender.models import AdjustmentPolicy, ChallengePolicy
    from recommender.selectors import find_model_version

    version = find_model_version(made["versions"][1])
    put_up_challenger(version=version, actor=None, reason="benchmark")
    AdjustmentPolicy.objects.get_or_create(vocabulary=version.vocabulary)
    http.headers["Authorization"] = f"Bearer {made['key']}"
    for body in bodies:
        _reject(http, f"{address}/api/v1/recommendations", body)
    rejections = list(StandingRejection.objects.all())
    if len(rejections) < len(bodies):
        sys.exit(f"{len(rejections)} rejections of {len(bodies)} texts: the decisions were not kept")

    def switch(arm: Arm) -> None:
        ChallengePolicy.objects.update(shadow_share=arm.shadow_share)
        AdjustmentPolicy.objects.update(is_on=arm.adjusted, new_tags_from_examples=arm.adjusted)
        StandingRejection.objects.all().delete()
        if arm.adjusted:
            StandingRejection.objects.bulk_create(rejections)

    return switch


def _add_new_tags() -> None:
    """Tags that no model has learnt, each borne by a few documents; before the web process reads the vocabulary."""
    from tagplatform.content.models import Document, TagAssignment
    from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary

    vocabulary = Vocabulary.objects.get()
    documents = list(Document.objects.order_by("id")[: NEW_TAGS * EXAMPLES_A_TAG])
    for number in range(NEW_TAGS):
        tag = Tag.objects.create(vocabulary=vocabulary, notation=f"benchmark-{number}")
        TagLabel.of(tag, f"Benchmark {number}", language="en", kind=TagLabel.Kind.PREFERRED).save()
        for document in documents[number * EXAMPLES_A_TAG : (number + 1) * EXAMPLES_A_TAG]:
            TagAssignment.objects.create(document=document, tag=tag, origin=TagAssignment.Origin.API)


def _reject(http: Any, address: str, body: bytes) -> None:
    """An editor chooses the third suggestion and rejects the two before it."""
    answer = http.post(address, data=body, headers={"Content-Type": "application/json"}, timeout=30)
    answer.raise_for_status()
    tags = [suggestion["tag"]["id"] for suggestion in answer.json()["suggestions"]]
    rejected, chosen = tags[:REJECTED_A_TEXT], tags[REJECTED_A_TEXT : REJECTED_A_TEXT + 1]
    outcome = {"status": "submitted", "final_tags": chosen, "rejected": rejected}
    http.put(f"{address}/{answer.json()['id']}/outcome", json=outcome, timeout=30).raise_for_status()


def _row(arm: Arm, base: Arm, model: str) -> dict[str, Any]:
    """Quantiles over all rounds; the ratio of medians is that of each round, from the lowest to the highest."""
    every = sorted(ms for of_round in arm.by_round for ms in of_round)
    pairs = zip(arm.by_round, base.by_round, strict=True)
    ratios = sorted(statistics.median(mine) / statistics.median(others) for mine, others in pairs)
    both = arm.suggestions.keys() & base.suggestions.keys()
    changed = sum(arm.suggestions[body] != base.suggestions[body] for body in both)
    return {
        "arm": arm.name,
        "requests": len(every),
        "p50_ms": quantile(every, 0.5),
        "p95_ms": quantile(every, 0.95),
        "p99_ms": quantile(every, 0.99),
        "ranking_p50_ms": quantile(sorted(arm.ranking_ms), 0.5),
        "p50_ratio": round(statistics.median(ratios), 2),
        "p50_ratio_low": round(ratios[0], 2),
        "p50_ratio_high": round(ratios[-1], 2),
        "shadow_answers": arm.n_shadow,
        "changed_answers": round(changed / len(both), 2),
        "load": round(os.getloadavg()[0], 2),
        "model": model,
    }


def _write(rows: list[dict[str, Any]]) -> None:
    with RESULTS.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    for row in rows:
        print("  ".join(f"{name} {row[name]}" for name in COLUMNS))
