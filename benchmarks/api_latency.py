"""How long POST /recommendations takes on loopback: keep-alive, answers stored in the ledger, one and four clients.

Against a platform that runs (make run):

    .venv/bin/python benchmarks/api_latency.py --address http://127.0.0.1:8000 --key tp_…

Or with a web server of its own, one gunicorn process, on the database of DATABASE_URL (with a model in it):

    .venv/bin/python benchmarks/api_latency.py --demo

What shadow answers and adjustments add, on an installation of its own (benchmarks.latency_arms says how):

    .venv/bin/python -m benchmarks.api_latency --arms

The texts are the database's documents, cut or joined to 180 words. A platform that runs must allow as many requests:
API_RATE_PER_KEY=1000000/minute. `load` is the machine's load average before each run: on two cores, figures above a
load of 2 say more about the neighbours than about the platform.
"""

import argparse
import csv
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "api_latency.csv"
COLUMNS = (
    "clients",
    "requests",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "ranking_p50_ms",
    "requests_per_second",
    "load",
    "model",
)
WORDS_A_TEXT = 180
WARM_UP = 50
TARGET_P50_MS, TARGET_P95_MS = 10, 25


def main() -> int:
    arguments = _arguments()
    if arguments.arms:
        from benchmarks.latency_arms import measure_arms

        measure_arms(arguments)
        return 0
    if arguments.demo:
        with _own_server() as (address, key):
            rows = _measure(address, key, arguments)
    else:
        rows = _measure(arguments.address, arguments.key, arguments)
    _write(rows)
    one = rows[0]
    met = one["p50_ms"] <= TARGET_P50_MS and one["p95_ms"] <= TARGET_P95_MS
    print(f"target (one client): p50 ≤ {TARGET_P50_MS} ms, p95 ≤ {TARGET_P95_MS} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--key", help="an API key with the scopes recommend and documents:read")
    parser.add_argument("--demo", action="store_true", help="start a web server and make a key")
    parser.add_argument("--arms", action="store_true", help="shadow answers and adjustments, off and on")
    parser.add_argument("--recipe", default="fusion", help="of the model, with --arms")
    parser.add_argument("--vocabulary", help="slug, where there are several")
    parser.add_argument("--requests", type=int, default=1000, help="for each number of clients")
    arguments = parser.parse_args()
    if not (arguments.demo or arguments.key or arguments.arms):
        parser.error("give --key, --demo or --arms")
    return arguments


def _measure(address: str, key: str, arguments: argparse.Namespace) -> list[dict[str, float | str]]:
    options = {"vocabulary": arguments.vocabulary} if arguments.vocabulary else {}
    texts = long_texts(address, key)
    bodies = [json.dumps({"text": text, "store": True} | options).encode() for text in texts]
    Client(address, key).send_all(bodies[:WARM_UP])
    return [_run(address, key, bodies, n_clients, arguments.requests) for n_clients in (1, 4)]


def long_texts(address: str, key: str) -> list[str]:
    """Texts of the newest documents, each cut or repeated to 180 words."""
    client = Client(address, key)
    page = client.get("/api/v1/documents?limit=200")
    found = [client.get(f"/api/v1/documents/{row['external_id']}") for row in page["results"][:200]]
    words = [f"{row['title']} {row['text']}".split() for row in found]
    return [" ".join(islice(cycle(row), WORDS_A_TEXT)) for row in words if row]


class Client:
    """One connection that is kept open."""

    def __init__(self, address: str, key: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.seconds: list[float] = []
        self.ranking_ms: list[float] = []
        self.model = ""

    def get(self, path: str) -> dict:  # type: ignore[type-arg]
        self.connection.request("GET", path, headers=self.headers)
        return self._read(200)

    def forget(self) -> None:
        """Begin to measure."""
        self.seconds, self.ranking_ms = [], []

    def send_all(self, bodies: list[bytes]) -> list[list[str]]:
        """Ask for each; the ids of the tags that were suggested, best first."""
        suggested = []
        for body in bodies:
            started = time.perf_counter()
            self.connection.request("POST", "/api/v1/recommendations", body, self.headers)
            answer = self._read(201)
            self.seconds.append(time.perf_counter() - started)
            self.ranking_ms.append(answer["latency_ms"])
            self.model = answer["model_version"]
            suggested.append([suggestion["tag"]["id"] for suggestion in answer["suggestions"]])
        return suggested

    def _read(self, expected: int) -> dict:  # type: ignore[type-arg]
        response = self.connection.getresponse()
        content = response.read()
        if response.status != expected:
            sys.exit(f"{response.status}: {content.decode()[:500]}")
        answer: dict = json.loads(content)  # type: ignore[type-arg]
        return answer


def _run(address: str, key: str, bodies: list[bytes], n_clients: int, n_requests: int) -> dict[str, float | str]:
    clients = [Client(address, key) for _ in range(n_clients)]
    shares = [
        list(islice(cycle(bodies), start, start + n_requests // n_clients))
        for start in range(0, n_requests, n_requests // n_clients)
    ]
    threads = [
        threading.Thread(target=client.send_all, args=(share,)) for client, share in zip(clients, shares, strict=False)
    ]
    load = os.getloadavg()[0]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    milliseconds = sorted(1000 * s for client in clients for s in client.seconds)
    ranking = sorted(ms for client in clients for ms in client.ranking_ms)
    return {
        "clients": n_clients,
        "requests": len(milliseconds),
        "p50_ms": quantile(milliseconds, 0.5),
        "p95_ms": quantile(milliseconds, 0.95),
        "p99_ms": quantile(milliseconds, 0.99),
        "ranking_p50_ms": quantile(ranking, 0.5),
        "requests_per_second": round(len(milliseconds) / elapsed, 1),
        "load": round(load, 2),
        "model": clients[0].model,
    }


def quantile(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _write(rows: list[dict[str, float | str]]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    for row in rows:
        print("  ".join(f"{name} {row[name]}" for name in COLUMNS))


@contextmanager
def _own_server() -> Iterator[tuple[str, str]]:
    """A web server as `make run` starts it, and a key of the source with the newest document."""
    environment = {**os.environ, "API_RATE_PER_KEY": "1000000/minute", "DJANGO_SETTINGS_MODULE": "tagplatform.settings"}
    port = _free_port()
    command = (
        str(Path(sys.executable).parent / "gunicorn"), "tagplatform.wsgi:application", "--worker-class", "gthread",
        "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
    )  # fmt: skip
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, start_new_session=True)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}", _new_key(environment)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _new_key(environment: dict[str, str]) -> str:
    os.environ.update(environment)
    import django

    sys.path.insert(0, str(PROJECT))
    django.setup()
    from tagplatform.access.services import create_api_key
    from tagplatform.content.models import Document

    newest = Document.objects.select_related("source").latest("id")
    scopes = ["recommend", "documents:read"]
    return create_api_key(name=f"benchmark {secrets.token_hex(2)}", source=newest.source, scopes=scopes)[1]


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the web server does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
