"""What the project's own environment offers."""

import subprocess
from functools import cache

from benchmarks.compare.systems import PYTHONS, ROOT


@cache
def installed_recipes() -> tuple[str, ...]:
    """Recipes of the library as it is installed; raises CalledProcessError when it cannot be imported."""
    code = "from recommender.ml import recipe_names; print(*recipe_names())"
    command = [str(PYTHONS["ours"]), "-c", code]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(finished.stdout.split())


@cache
def is_installed(package: str) -> bool:
    """Whether the project's own environment has an optional package."""
    code = f"from importlib.metadata import version; version({package!r})"
    return subprocess.run([str(PYTHONS["ours"]), "-c", code], capture_output=True, check=False).returncode == 0
