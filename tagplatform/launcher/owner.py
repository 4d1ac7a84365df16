"""Who runs the embedded database: the caller, or a system user of its own where the caller is root."""

import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagplatform.launcher.errors import LauncherError

SYSTEM_USER = "tagplatform"
ROOT_GROUP = 0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owner:
    """The account that PostgreSQL runs under; `switched` says that it is not the caller's own."""

    uid: int
    switched: bool

    def subprocess_options(self) -> dict[str, Any]:
        """What subprocess needs to become this account; the group stays root's (see `let_pass`)."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": ROOT_GROUP, "extra_groups": []}

    def take(self, path: Path) -> None:
        """Hand a file or folder over to the account."""
        if self.switched:
            os.chown(path, self.uid, ROOT_GROUP)

    def let_pass(self, path: Path) -> None:
        """Let the account walk through the parents of `path`.

        It runs with the group root, so a folder of root's needs to be opened for that group only, which has
        no other member: a home of mode 700 becomes 710 and stays closed to everybody else.
        """
        if self.switched:
            for folder in path.parents:
                _allow(folder, self.uid, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)

    def let_read(self, tree: Path) -> None:
        """Let the account read and run what lies in `tree` (an environment made under a strict umask)."""
        if self.switched:
            for path in _tree(tree):
                bits = stat.S_IRUSR | (path.stat().st_mode & stat.S_IXUSR)
                _allow(path, self.uid, bits, bits >> 3, bits >> 6)


def database_owner() -> Owner:
    """PostgreSQL refuses to run as root, so root lends it a system user, made on the first start."""
    if os.geteuid() != 0:
        return Owner(uid=os.geteuid(), switched=False)
    return Owner(uid=_system_user_id(), switched=True)


def _system_user_id() -> int:
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        _make_system_user()
    return pwd.getpwnam(SYSTEM_USER).pw_uid


def _make_system_user() -> None:
    options = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run(["useradd", *options, SYSTEM_USER], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise LauncherError(_no_user_message("the command useradd is missing")) from error
    except subprocess.CalledProcessError as error:
        raise LauncherError(_no_user_message(error.stderr.strip())) from error


def _no_user_message(reason: str) -> str:
    return (
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER!r} cannot be made: {reason}\n"
        "Start as an ordinary user, or set DATABASE_URL to a PostgreSQL that is already there."
    )


def _tree(top: Path) -> Iterator[Path]:
    yield top
    yield from (path for path in top.rglob("*") if not path.is_symlink())


def _allow(path: Path, uid: int, as_user: int, as_group: int, as_other: int) -> None:
    status = path.stat()
    as_nobody_special = as_group if status.st_gid == ROOT_GROUP else as_other
    needed = as_user if status.st_uid == uid else as_nobody_special
    if status.st_mode & needed == needed:
        return
    try:
        path.chmod(stat.S_IMODE(status.st_mode) | needed)
    except OSError as error:
        raise LauncherError(f"The database's user {SYSTEM_USER!r} may not enter {path}: {error}") from error
    logger.info("opened %s for the database's user", path)
