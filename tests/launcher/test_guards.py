"""Port, lock and leftovers: what a start looks at before it starts anything."""

import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tagplatform.launcher.environment import Settings, read_settings
from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.leftovers import end_marked_processes, mark, marked_processes
from tagplatform.launcher.lock import only_launcher
from tagplatform.launcher.run import check_port
from tagplatform.launcher.static_files import is_collected, note_collected


@pytest.fixture
def settings_for(tmp_path: Path) -> Settings:
    return replace(read_settings(), var=tmp_path, host="127.0.0.1")


def test_a_taken_port_is_named_with_a_way_out(settings_for: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(LauncherError, match=rf"Port {port} .*in use(?s:.*)make run PORT={port + 1}"):
            check_port(replace(settings_for, port=port))


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eight")

    with pytest.raises(LauncherError, match="PORT is 'eight'"):
        read_settings()


def test_a_second_launcher_is_told_where_the_first_one_answers(tmp_path: Path) -> None:
    with (
        only_launcher(tmp_path, "http://localhost:8000"),
        pytest.raises(LauncherError, match=r"already runs.*http://localhost:8000"),
        only_launcher(tmp_path, "http://localhost:8001"),
    ):
        pass


def test_the_lock_of_a_dead_launcher_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "launcher.lock").write_text('{"pid": 1, "address": "http://localhost:1"}')

    with only_launcher(tmp_path, "http://localhost:8000"):
        pass


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="leftovers are found through /proc")
def test_leftovers_end_even_when_they_do_not_listen_and_strangers_stay(tmp_path: Path) -> None:
    stubborn = ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"]
    ours = subprocess.Popen(stubborn, env=mark(tmp_path), start_new_session=True)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=mark(tmp_path / "other"))
    time.sleep(0.3)

    end_marked_processes(tmp_path, grace_seconds=0.5)

    assert ours.wait(timeout=5) == -9
    assert marked_processes(tmp_path) == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_static_files_are_collected_again_when_one_has_changed(tmp_path: Path) -> None:
    project, var = tmp_path / "project", tmp_path / "var"
    source = project / "static" / "site.css"
    for folder in (source.parent, var / "static", var / "run"):
        folder.mkdir(parents=True)
    source.write_text("a {}")
    note_collected(project, var)
    assert is_collected(project, var)

    source.write_text("a { color: red }")

    assert not is_collected(project, var)
