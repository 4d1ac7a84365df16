"""Seconds until every web process answers with the version that was promoted, while requests run; failures counted.

    .venv/bin/python -m benchmarks.promotion                       # gunicorn with 2, then with 4 processes

Makes an installation of its own in a temporary folder (embedded database, the newsroom sample, a model trained on it),
starts gunicorn as `make run` does, and asks with several clients without a pause, a new connection for each request.
Each promotion puts a version live that no process has opened yet; a process has followed when it answers with it and
never again with another one. `load` is the machine's load average.
"""

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.replaying.installation import installation, run_inside
from tests.end_to_end.platform import PROJECT, Platform, wait_for

RESULTS = PROJECT / "benchmarks" / "results" / "promotion.csv"
COLUMNS = (
    "processes", "promotion", "promote_ms", "first_seconds", "all_seconds", "requests", "failed", "degraded", "load",
)  # fmt: skip
TEXT = "The government presented its budget, and the opposition asked for lower taxes on energy."
FOLLOWED_SECONDS, ANSWERS_TO_BE_SURE = 60.0, 3


@dataclass(frozen=True)
class Answered:
    """One request: when it was sent and answered (seconds of the monotonic clock), by which process and version."""

    sent: float
    done: float
    process: str
    version: str
    degraded: bool


@dataclass
class Traffic:
    """Clients that ask without a pause until they are told to stop."""

    address: str
    key: str
    n_clients: int
    answers: list[Answered] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> "Traffic":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.n_clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            sent = time.monotonic()
            try:
                answer = asked(self.address, self.key, "POST", "/recommendations", {"text": TEXT, "store": False})
                body = answer.json()
                process = answer.headers["X-Process"]
                row = Answered(sent, time.monotonic(), process, body["model_version"], body["degraded"])
                self.answers.append(row)
            except (requests.RequestException, KeyError, ValueError) as error:
                self.failures.append(repr(error)[:200])


def asked(address: str, key: str, method: str, path: str, body: Any = None) -> requests.Response:
    """One call over a connection of its own; raises for anything but success."""
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    answer = requests.request(method, f"{address}/api/v1{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer


def main() -> None:
    arguments = _arguments()
    n_versions = 1 + arguments.promotions * len(arguments.processes)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "promotion") as installed:
        output = run_inside(installed.platform, "benchmarks.some_versions", arguments.recipe, str(n_versions))
        made = json.loads(output.splitlines()[-1])
        unopened = iter(made["versions"][1:])
        for n_processes in arguments.processes:
            wanted = [next(unopened) for _ in range(arguments.promotions)]
            rows += _measured(installed.platform, made["key"], n_processes, wanted, arguments.clients)
    _write(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 4], help="web processes")
    parser.add_argument("--promotions", type=int, default=5, help="for each number of processes")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--recipe", default="fusion")
    arguments = parser.parse_args()
    if arguments.promotions < 2:
        parser.error("the first promotion after a start is told apart: --promotions 2 or more")
    return arguments


def _measured(
    platform: Platform, key: str, n_processes: int, versions: list[str], n_clients: int
) -> list[dict[str, Any]]:
    server = platform.start(
        "gunicorn", "benchmarks.worker_named:application", "--worker-class", "gthread", "--threads", "4",
        "--workers", str(n_processes), "--bind", f"127.0.0.1:{platform.port}", "--log-level", "warning",
    )  # fmt: skip
    rows = []
    try:
        wait_for(lambda: _is_ready(platform.address, key), seconds=120, what="web server")
        with Traffic(platform.address, key, n_clients) as traffic:
            wait_for(lambda: len({a.process for a in traffic.answers}) == n_processes, seconds=60, what="processes")
            for number, version in enumerate(versions, start=1):
                rows.append(_promotion(traffic, version, n_processes, number))
    finally:
        server.terminate()
        server.wait(timeout=30)
    return rows


def _promotion(traffic: Traffic, version: str, n_processes: int, number: int) -> dict[str, Any]:
    """Promote the version, and wait until every process has followed."""
    address, key = traffic.address, traffic.key
    n_before, failed_before = len(traffic.answers), len(traffic.failures)
    started = time.monotonic()
    body = {"model": version, "reason": "benchmark"}
    name = asked(address, key, "PUT", "/models/aliases/champion", body).json()["name"]
    promoted = time.monotonic()
    found = wait_for(
        lambda: followed(traffic.answers[n_before:], name, n_processes), seconds=FOLLOWED_SECONDS, what=name
    )
    answers = traffic.answers[n_before:]
    return {
        "processes": n_processes,
        "promotion": number,
        "promote_ms": round(1000 * (promoted - started)),
        "first_seconds": round(min(found) - promoted, 2),
        "all_seconds": round(max(found) - promoted, 2),
        "requests": len(answers),
        "failed": len(traffic.failures) - failed_before,
        "degraded": sum(answer.degraded for answer in answers),
        "load": round(os.getloadavg()[0], 2),
    }


def followed(answers: list[Answered], name: str, n_processes: int) -> list[float] | None:
    """For each process the moment of its first answer with the version after its last with another one.

    None until each has since answered with it several times.
    """
    by_process: dict[str, list[Answered]] = {}
    for answer in sorted(answers, key=lambda each: each.done):
        by_process.setdefault(answer.process, []).append(answer)
    moments = []
    for rows in by_process.values():
        last_other = max((place for place, row in enumerate(rows) if row.version != name), default=-1)
        since = rows[last_other + 1 :]
        if len(since) < ANSWERS_TO_BE_SURE:
            return None
        moments.append(since[0].done)
    return moments if len(moments) == n_processes else None


def _is_ready(address: str, key: str) -> bool:
    try:
        return asked(address, key, "POST", "/recommendations", {"text": TEXT, "store": False}).ok
    except requests.RequestException:
        return False


def _write(rows: list[dict[str, Any]]) -> None:
    with RESULTS.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    for n_processes in sorted({row["processes"] for row in rows}):
        mine = [row for row in rows if row["processes"] == n_processes]
        first, *times = [row["all_seconds"] for row in mine]
        print(
            f"{n_processes} processes: all follow after {first:.2f} s the first time, then after "
            f"{statistics.median(times):.2f} s (median of {len(times)}; {min(times):.2f} to {max(times):.2f}); "
            f"{sum(row['failed'] for row in mine)} of {sum(row['requests'] + row['failed'] for row in mine)} requests "
            "failed"
        )


if __name__ == "__main__":
    sys.exit(main())
