"""Where the platform listens and where it is asked, whatever BIND_ADDRESS says."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from honcho.environ import parse_procfile

from tagplatform.launcher.environment import PROJECT, Settings, read_settings
from tagplatform.launcher.run import answers
from tests.conftest import require
from tests.end_to_end.platform import free_port


def settings_for(monkeypatch: pytest.MonkeyPatch, host: str, port: int = 8000) -> Settings:
    monkeypatch.setenv("BIND_ADDRESS", host)
    return read_settings(port)


@pytest.mark.parametrize(
    ("host", "bound", "shown", "asked"),
    [
        ("", "127.0.0.1:8000", "http://localhost:8000", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0:8000", "http://localhost:8000", "127.0.0.1"),  # noqa: S104
        ("10.0.0.7", "10.0.0.7:8000", "http://10.0.0.7:8000", "10.0.0.7"),
        ("::", "[::]:8000", "http://localhost:8000", "[::1]"),
        ("::1", "[::1]:8000", "http://[::1]:8000", "[::1]"),
        ("[::1]", "[::1]:8000", "http://[::1]:8000", "[::1]"),
    ],
)
def test_an_ipv6_host_stands_in_brackets(
    monkeypatch: pytest.MonkeyPatch, host: str, bound: str, shown: str, asked: str
) -> None:
    settings = settings_for(monkeypatch, host)

    assert settings.process_environment()["WEB_BIND"] == bound
    assert (settings.address, settings.probed_host) == (shown, asked)


@pytest.mark.parametrize(
    ("environment", "bound"),
    [
        ({"WEB_BIND": "[::]:9000", "BIND_ADDRESS": "::", "PORT": "9000"}, "[::]:9000"),
        ({"BIND_ADDRESS": "0.0.0.0", "PORT": "9000"}, "0.0.0.0:9000"),  # noqa: S104
        ({}, "127.0.0.1:8000"),
    ],
)
def test_the_procfile_binds_where_the_environment_says(environment: dict[str, str], bound: str) -> None:
    web = parse_procfile((PROJECT / "Procfile").read_text()).processes["web"]

    said = subprocess.run(["/bin/sh", "-c", f"echo {web}"], env=environment, capture_output=True, check=True, text=True)

    assert f"--bind {bound} " in said.stdout


@pytest.mark.parametrize("host", ["::", "::1"])
def test_a_web_server_on_ipv6_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str) -> None:
    require(_has_ipv6(), "IPv6")
    settings = settings_for(monkeypatch, host, free_port())
    (tmp_path / "app.py").write_text("def app(environ, start):\n    start('200 OK', [])\n    return [b'ok']\n")
    path = settings.process_environment()["PATH"]
    gunicorn = shutil.which("gunicorn", path=path) or "gunicorn"

    server = subprocess.Popen(
        [gunicorn, "app:app", "--bind", settings.process_environment()["WEB_BIND"], "--log-level", "warning"],
        cwd=tmp_path,
    )
    try:
        deadline = time.monotonic() + 15
        while not (up := answers(settings)) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        server.terminate()
        server.wait()

    assert up


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
