"""How quickly the web process is up, and how much memory it keeps: one gunicorn worker, the champion loaded.

Needs a database with a model (for example the one of `make run`): set DATABASE_URL, or leave it to the embedded
database while `make run` is running.

    .venv/bin/python benchmarks/web_process.py --requests 300
"""

import argparse
import csv
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "web_process.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=300, help="pages and health checks to ask for")
    arguments = parser.parse_args()
    port = _free_port()
    started = time.perf_counter()
    process = _start(port)
    try:
        seconds = _wait(port, started)
        fresh = _resident_megabytes(process.pid)
        _wait_for_model(port)
        loaded = _resident_megabytes(process.pid)
        _ask(port, arguments.requests)
        used = _resident_megabytes(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    _write({"start_seconds": seconds, "fresh_mb": fresh, "with_model_mb": loaded, "after_requests_mb": used})


def _start(port: int) -> "subprocess.Popen[bytes]":
    gunicorn = Path(sys.executable).parent / "gunicorn"
    command = [str(gunicorn), "tagplatform.wsgi:application", "--worker-class", "gthread", "--threads", "4"]
    return subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "error"], cwd=PROJECT, start_new_session=True
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, started: float) -> float:
    """Seconds until the first answer."""
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return time.perf_counter() - started
        except requests.ConnectionError:
            time.sleep(0.01)


def _wait_for_model(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok:
            time.sleep(2)
            return
        time.sleep(0.2)
    sys.exit("no model could be loaded; train one first")


def _ask(port: int, n: int) -> None:
    session = requests.Session()
    for i in range(n):
        session.get(f"http://127.0.0.1:{port}/{('healthz', 'readyz', 'sign-in/', 'api/schema/')[i % 4]}", timeout=30)


def _resident_megabytes(group: int) -> float:
    """Resident memory of gunicorn's worker (the largest process of the group; the parent only waits)."""
    sizes = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            sizes.append(int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
    return max(sizes, default=0.0)


def _write(figures: dict[str, float]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(figures))
        if new:
            writer.writeheader()
        writer.writerow({name: round(value, 2) for name, value in figures.items()})
    for name, value in figures.items():
        print(f"{name:<20} {value:8.2f}")


if __name__ == "__main__":
    main()
