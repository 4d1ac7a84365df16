"""The rejects file of an import: one JSON line for every row that was refused or taken with a warning."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from tagplatform.imports.models import ImportRun
from tagplatform.imports.rows import Problem

MAX_ROW_CHARACTERS = 1_000_000
FIRST_FEW = 10


class RejectsFile:
    """Problems of one run on disk, with their counts; made when the first one comes."""

    def __init__(self, run: ImportRun) -> None:
        self.path = settings.VAR_DIR / "imports" / f"{run.public_id}.rejects.jsonl"
        self.counts: Counter[str] = Counter()
        self.first: list[dict[str, Any]] = []
        self.n_warnings = 0
        self._file_name = run.file_name
        self._keep_until(run.rows_done)

    def add(self, problems: Iterable[Problem]) -> None:
        """Write the problems down; they are on disk when this returns."""
        lines = [self._line(problem) for problem in problems]
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps(line, ensure_ascii=False, default=str)}\n" for line in lines)
        for line in lines:
            self._count(line)

    def _line(self, problem: Problem) -> dict[str, Any]:
        return {
            "file": self._file_name,
            "line": problem.row.line,
            "row_number": problem.row.index,
            "severity": "rejected" if problem.fatal else "warning",
            "code": problem.fault.code,
            "reason": problem.fault.reason,
            "row": _bounded(dict(problem.row.values)),
        }

    def _count(self, line: dict[str, Any]) -> None:
        self.counts[line["code"]] += 1
        self.n_warnings += line["severity"] == "warning"
        if len(self.first) < FIRST_FEW:
            self.first.append({name: line[name] for name in ("file", "line", "severity", "code", "reason")})

    def _keep_until(self, rows_done: int) -> None:
        """Drop what a cut-off run wrote about rows that it did not commit."""
        if not self.path.exists():
            return
        kept_path = self.path.with_suffix(".kept")
        with self.path.open(encoding="utf-8") as old, kept_path.open("w", encoding="utf-8") as kept:
            for text in old:
                line = _whole_line(text)
                if line is not None and line["row_number"] <= rows_done:
                    kept.write(text)
                    self._count(line)
        kept_path.replace(self.path)


def _whole_line(text: str) -> dict[str, Any] | None:
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:  # the kill came in the middle of a line
        return None
    return line


def _bounded(values: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(values, default=str)
    return values if len(text) <= MAX_ROW_CHARACTERS else {"text": text[:MAX_ROW_CHARACTERS]}
