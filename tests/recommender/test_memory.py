"""Training cannot take more memory than it is allowed, and says what to do."""

import subprocess
import sys

import pytest

from recommender import retraining
from recommender.memory import limit_memory
from tagplatform.taxonomy.models import Vocabulary
from tests.recommender.test_retraining import do_run

TAKE = "import sys; from recommender.memory import limit_memory; limit_memory(300); bytearray({n_bytes}); print('had')"


@pytest.mark.parametrize(("n_bytes", "had"), [(50_000_000, True), (500_000_000, False)])
def test_a_process_that_asks_for_too_much_gets_an_error(n_bytes: int, had: bool) -> None:
    done = subprocess.run([sys.executable, "-c", TAKE.format(n_bytes=n_bytes)], capture_output=True, text=True)

    assert ("had" in done.stdout) is had
    assert ("MemoryError" in done.stderr) is not had


def test_no_bound_leaves_the_process_as_it_is() -> None:
    limit_memory(0)


def test_a_run_that_has_no_memory_left_says_what_to_do(
    thumb_newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        bytearray(1 << 60)

    monkeypatch.setattr(retraining, "collect_training_data", too_large)

    run = do_run(thumb_newsroom)

    assert run.state == "failed" and "TRAINING_MEMORY_MB" in run.reason
