"""The embedded PostgreSQL: where it answers, how it starts and stops; quick to import."""

import contextlib
import hashlib
import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.proc import can_see_processes, command_name, is_alive, process_ids, working_directory

if TYPE_CHECKING:
    from tagplatform.launcher.cluster import Cluster

DATABASE = "tagplatform"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 107  # bytes that a Unix socket's address holds
RECOVERY_TIMEOUT_SECONDS = 600  # after a kill -9 the server first replays what it had written
FAST_STOP_TIMEOUT_SECONDS = 60
ORPHANS_TIMEOUT_SECONDS = 15

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddedDatabase:
    """A running server; it outlives this object until `stop`."""

    data_directory: Path
    url: str

    def is_running(self) -> bool:
        return is_running(self.data_directory)

    def stop(self) -> None:
        stop_embedded_database(self.data_directory)


def embedded_database_url(data_directory: Path, database: str = DATABASE) -> str:
    """Where this folder's server answers, or would once started; looks at the file system only."""
    directory = _announced_socket_directory(data_directory) or socket_directory(data_directory)
    return f"postgresql://postgres@/{database}?host={quote(str(directory), safe='')}&port=5432"


def socket_directory(data_directory: Path) -> Path:
    """The data directory itself, or a short one under /tmp.

    A Unix socket's path is limited, and a comma would divide it into two hosts.
    """
    path = data_directory.resolve()
    if len(bytes(path / SOCKET_NAME)) <= LONGEST_SOCKET_PATH and "," not in str(path):
        return path
    return Path("/tmp") / f"tagplatform-{hashlib.sha256(bytes(path)).hexdigest()[:16]}"  # noqa: S108


def is_running(data_directory: Path) -> bool:
    """True while this folder's server lives, whoever started it."""
    return _postmaster(data_directory) is not None


def start_embedded_database(data_directory: Path, *, for_tests: bool = False) -> EmbeddedDatabase:
    """Start the server of this folder, or find it running; folder and database are made when missing.

    `for_tests` trades safety for speed: nothing is forced to disk. LauncherError has the server's words.
    """
    from tagplatform.launcher.cluster import open_cluster, write_settings

    data_directory = data_directory.resolve()
    cluster = open_cluster(data_directory, for_tests=for_tests)
    if _postmaster(data_directory) is None:
        _forget_dead_server(data_directory)
        directory = _ready_socket_directory(cluster)
        write_settings(cluster, directory, for_tests=for_tests)
        _start(cluster)
    url = embedded_database_url(data_directory)
    _ensure_database(embedded_database_url(data_directory, "postgres"))
    return EmbeddedDatabase(data_directory, url)


def stop_embedded_database(data_directory: Path) -> None:
    """Stop this folder's server and wait: open sessions are cut off, nothing committed is lost.

    Signals do what pg_ctl would do, without a path that the server's account may no longer walk.
    """
    pid = _postmaster(data_directory)
    if pid is None:
        return
    if not _ends_on(signal.SIGINT, pid, FAST_STOP_TIMEOUT_SECONDS):
        logger.warning("the database did not stop within %s s; stopping it at once", FAST_STOP_TIMEOUT_SECONDS)
        _ends_on(signal.SIGQUIT, pid, FAST_STOP_TIMEOUT_SECONDS)
    directory = socket_directory(data_directory)
    if directory != data_directory.resolve():
        with contextlib.suppress(OSError):
            directory.rmdir()


def _ends_on(number: signal.Signals, pid: int, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _start(cluster: "Cluster") -> None:
    from tagplatform.launcher.cluster import recent_log

    folder = cluster.data_directory
    log = folder / "start.log"
    log.unlink(missing_ok=True)
    waiting = ("-w", "-t", str(RECOVERY_TIMEOUT_SECONDS))
    try:
        cluster.run("pg_ctl", "start", "-D", str(folder), *waiting, "-l", str(log))
    except LauncherError as error:
        said = recent_log(folder)
        raise LauncherError(f"The embedded database in {folder} does not start:\n{said}") from error


def _ensure_database(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if row is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _announced_socket_directory(data_directory: Path) -> Path | None:
    """What a running server wrote into the fifth line of postmaster.pid."""
    lines = _pid_file_lines(data_directory)
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None


def _pid_file_lines(data_directory: Path) -> list[str]:
    try:
        return (data_directory / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _postmaster(data_directory: Path) -> int | None:
    """The process id of this folder's server; None when its pid file is stale or names a stranger."""
    lines = _pid_file_lines(data_directory)
    if not lines or not lines[0].isdigit() or not is_alive(int(lines[0])):
        return None
    return int(lines[0]) if _serves(int(lines[0]), data_directory) else None


def _serves(pid: int, data_directory: Path) -> bool:
    """PostgreSQL works inside its data directory; where this cannot be seen, believe the pid file."""
    directory = working_directory(pid)
    if directory is None:
        return True
    return directory == data_directory.resolve() and command_name(pid) == "postgres"


def _forget_dead_server(data_directory: Path) -> None:
    """Wait until the sessions of a killed server are gone, then drop its lock files.

    The number in them may belong to a stranger now, or to a zombie that nobody buries (a container without an init):
    PostgreSQL would take either for a running server. Where processes cannot be seen, PostgreSQL decides.
    """
    deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
    while _orphaned_sessions(data_directory):
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
    if can_see_processes():
        (data_directory / "postmaster.pid").unlink(missing_ok=True)
        (socket_directory(data_directory) / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _orphaned_sessions(data_directory: Path) -> list[int]:
    inside = [pid for pid in process_ids() if working_directory(pid) == data_directory]
    return [pid for pid in inside if _serves(pid, data_directory)]


def _ready_socket_directory(cluster: "Cluster") -> Path:
    """The directory for the socket, closed to others; one in /tmp that somebody else made is refused."""
    directory = socket_directory(cluster.data_directory)
    if directory == cluster.data_directory:
        return directory
    if not directory.is_symlink() and not directory.exists():
        directory.mkdir(mode=0o700)
        cluster.owner.take(directory)
    if directory.is_symlink() or directory.stat().st_uid != cluster.owner.uid:
        raise LauncherError(f"{directory} belongs to somebody else: remove it, or clone to a shorter path.")
    directory.chmod(0o700)
    return directory
