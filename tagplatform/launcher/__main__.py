"""`python -m tagplatform.launcher run` starts the platform, `exec` lends a command its database."""

import argparse
import subprocess
import sys
from pathlib import Path

from tagplatform.launcher.embedded import start_embedded_database
from tagplatform.launcher.environment import Settings, read_settings
from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.lock import database_user
from tagplatform.launcher.output import Terminal
from tagplatform.launcher.run import run, silence_closed_terminal


def main() -> int:
    """0 after an orderly stop, 1 with a message on stderr when something is in the way."""
    arguments = _parser().parse_args()
    try:
        if arguments.verb == "run":
            run(read_settings(arguments.port, arguments.procfile), Terminal())
            return 0
        return _exec(read_settings(), arguments.command)
    except KeyboardInterrupt:
        return 130
    except LauncherError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    finally:
        silence_closed_terminal()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tagplatform.launcher", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("run", help="start everything, until Ctrl-C")
    start.add_argument("--port", type=int, help="instead of PORT or 8000")
    start.add_argument("--procfile", type=Path, help="other processes than those in Procfile")
    lend = verbs.add_parser("exec", help="run a command with the embedded database up")
    lend.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _exec(settings: Settings, command: list[str]) -> int:
    """Run the command; the database is stopped afterwards unless somebody else uses it."""
    if not settings.has_own_database:
        return subprocess.run(command, check=False, env=settings.process_environment()).returncode
    with database_user(settings.var) as is_last:
        database = start_embedded_database(settings.postgres_directory)
        try:
            return subprocess.run(command, check=False, env=settings.process_environment()).returncode
        finally:
            if is_last():
                database.stop()


if __name__ == "__main__":
    sys.exit(main())
