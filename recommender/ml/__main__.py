"""The library from the command line: `python -m recommender.ml train | predict | evaluate`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from recommender.ml.commands import evaluate, predict, train
from recommender.ml.errors import MLError
from recommender.ml.file_arguments import existing_file, existing_folder, settings_argument
from recommender.ml.recipes import recipe_names


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors meant for people become one line on stderr and exit status 1."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        command(chosen)
    except (MLError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recommender.ml", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _add_train(commands.add_parser("train", help="train a recipe and write a bundle"))
    _add_predict(commands.add_parser("predict", help="rank the tags of documents"))
    _add_evaluate(commands.add_parser("evaluate", help="measure predictions"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=train)
    _add_data(parser, "train, dev and, if there is one, tags")
    parser.add_argument("--train", type=existing_file, help="documents to learn from, JSON lines, also .gz")
    parser.add_argument("--dev", type=existing_file, help="documents to choose and to calibrate on")
    parser.add_argument("--tags", type=existing_file, help="the vocabulary, so that unused tags have a place")
    parser.add_argument("--recipe", choices=recipe_names(), default="auto", help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="directory of the new bundle")
    parser.add_argument("--mode", choices=("many", "one"), default="many", help="tags a document; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal bundles; default: %(default)s")
    parser.add_argument("--config", type=settings_argument, default="{}", help="settings as a JSON object")


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=predict)
    _add_data(parser, "test")
    parser.add_argument("--bundle", type=Path, required=True, help="directory that train has written")
    parser.add_argument("--input", type=existing_file, help="documents, JSON lines, also .gz")
    parser.add_argument("--output", type=Path, required=True, help="JSON lines of id and [tag, probability], also .gz")
    parser.add_argument("--limit", type=int, default=20, help="tags a document; default: %(default)s")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=evaluate)
    _add_data(parser, "test and train")
    parser.add_argument("--gold", type=existing_file, help="documents with their right tags")
    parser.add_argument("--predictions", type=existing_file, required=True, help="what predict has written")
    parser.add_argument("--train", type=existing_file, help="gives the propensities of PSP@5")


def _add_data(parser: argparse.ArgumentParser, parts: str) -> None:
    parser.add_argument(
        "--data", type=existing_folder, metavar="FOLDER", help=f"has {parts} as .jsonl.gz or .jsonl, unless named below"
    )


if __name__ == "__main__":
    sys.exit(main())
