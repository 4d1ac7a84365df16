"""Which lines reach the terminal, and that all of them reach the log."""

import io
import os
from pathlib import Path

from tagplatform.launcher.output import LOUD, OWN_NEWS, TROUBLE, ProcessOutput, Terminal, pieces


def stream_of(text: str) -> io.FileIO:
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    return io.FileIO(read_end)


def test_progress_bars_and_lines_are_told_apart() -> None:
    stream = stream_of("start\n 10%\r 20%\r\nend")

    assert list(pieces(stream)) == [("start", False), (" 10%", True), (" 20%", False), ("end", False)]


def test_the_log_gets_everything_and_the_terminal_what_matters(tmp_path: Path) -> None:
    said = "INFO kombu connected 100%s\nWARNING slow\nTraceback (most recent call last):\n  File x\nError: no\nok\n"
    screen = io.StringIO()
    output = ProcessOutput("web", tmp_path, Terminal(screen), TROUBLE)

    output.follow(stream_of(said))
    output.close()

    shown = [line.partition("| ")[2] for line in screen.getvalue().splitlines()]
    assert shown == ["WARNING slow", "Traceback (most recent call last):", "  File x", "Error: no"]
    assert (tmp_path / "web.log").read_text() == said


def test_news_of_our_own_apps_are_shown_where_wanted() -> None:
    line = "2026-01-01 INFO recommender.runs training run 3 succeeded"

    assert OWN_NEWS.search(line)
    assert LOUD.search(line)
    assert not TROUBLE.search(line)


def test_a_closed_terminal_is_no_error() -> None:
    screen = io.StringIO()
    terminal = Terminal(screen)
    screen.close()

    terminal.say("nobody reads this")
