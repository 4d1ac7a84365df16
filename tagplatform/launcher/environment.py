"""What the launcher reads from the environment and from .env."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import environ

from tagplatform.launcher.errors import LauncherError

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = "8000"


@dataclass(frozen=True)
class Settings:
    """One start of the platform: where its code and its files lie, where it answers."""

    project: Path
    var: Path
    host: str
    port: int
    has_own_database: bool
    procfile: Path

    @property
    def address(self) -> str:
        """What people type into the browser on this machine."""
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::") else _in_address(self.host)  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def probed_host(self) -> str:
        """Where the launcher itself asks whether the web server is up, as it stands in an address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return _in_address(host)

    @property
    def postgres_directory(self) -> Path:
        return self.var / "postgres"

    def process_environment(self) -> dict[str, str]:
        """What the processes get: our environment, the programs of this Python first, nothing held back."""
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {
            **os.environ,
            "PATH": programs,
            "PORT": str(self.port),
            "BIND_ADDRESS": self.host,
            "WEB_BIND": f"{_in_address(self.host)}:{self.port}",
            "TAGPLATFORM_VAR": str(self.var),
            "PYTHONUNBUFFERED": "1",
            # Celery says at every start that root is not recommended; the web server runs as root just as well
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            "TQDM_NCOLS": "80",
            "TQDM_MININTERVAL": "0.5",
        }


def read_settings(port: int | None = None, procfile: Path | None = None) -> Settings:
    """Read .env without overriding what is set, then the variables; the arguments come from the command line."""
    if (PROJECT / ".env").exists():
        environ.Env.read_env(PROJECT / ".env")  # the same reader as in settings.py
    return Settings(
        project=PROJECT,
        var=Path(os.environ.get("TAGPLATFORM_VAR") or PROJECT / "var").resolve(),
        host=(os.environ.get("BIND_ADDRESS") or "127.0.0.1").strip("[]"),
        port=port or _port(os.environ.get("PORT") or DEFAULT_PORT),
        has_own_database=not os.environ.get("DATABASE_URL"),
        procfile=procfile or PROJECT / "Procfile",
    )


def _in_address(host: str) -> str:
    """IPv6 stands in brackets where a port follows."""
    return f"[{host}]" if ":" in host else host


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LauncherError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)
