"""Whether static files must be collected again: a digest of everything that they are made from."""

import hashlib
from pathlib import Path

SOURCES = ("requirements.txt", "tagplatform/settings.py")
PACKAGES = ("static", "tagplatform", "recommender", "feedback")


def static_digest(project: Path) -> str:
    """Changes with the pinned packages, the settings and any file in a folder called static."""
    digest = hashlib.sha256(str(project).encode())
    for name in SOURCES:
        if (project / name).exists():
            digest.update((project / name).read_bytes())
    for path in _static_files(project):
        status = path.stat()
        digest.update(f"{path}:{status.st_mtime_ns}:{status.st_size};".encode())
    return digest.hexdigest()


def is_collected(project: Path, var: Path) -> bool:
    """True when var/static was collected from just these files."""
    stamp = _stamp(var)
    return (var / "static").is_dir() and stamp.exists() and stamp.read_text() == static_digest(project)


def note_collected(project: Path, var: Path) -> None:
    """Remember what var/static was collected from."""
    _stamp(var).write_text(static_digest(project))


def _stamp(var: Path) -> Path:
    return var / "run" / "static.digest"


def _static_files(project: Path) -> list[Path]:
    found = (path for name in PACKAGES for path in (project / name).rglob("*"))
    return sorted(path for path in found if "static" in path.parts and path.is_file())
