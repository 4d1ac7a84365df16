"""An answer enters the ledger in one statement: whole or not at all, in one round trip to the database."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

from feedback.models import Recommendation, Suggestion


def append_answer(recommendation: Recommendation, suggestions: Sequence[Suggestion]) -> None:
    """Insert both, with fewer parameters and round trips than save() and bulk_create() in a transaction."""
    answer, values = _insert_one(recommendation)
    if suggestions:
        rows, columns = _insert_many(Suggestion, suggestions)
        answer, values = f"WITH answer AS ({answer}) {rows}", values + columns
    with connection.cursor() as cursor:
        cursor.execute(answer, values)
    for row in (recommendation, *suggestions):
        row._state.adding = False


def _insert_one(row: Model) -> tuple[str, list[Any]]:
    fields = row._meta.concrete_fields
    places = ", ".join(["%s"] * len(fields))
    return f"{_insert_into(type(row))} VALUES ({places})", [getattr(row, field.attname) for field in fields]


def _insert_many(model: type[Model], rows: Sequence[Model]) -> tuple[str, list[Any]]:
    """One array for each column: as many parameters for one row as for fifty, so the driver knows the statement."""
    fields = model._meta.concrete_fields
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    columns = [[getattr(row, field.attname) for row in rows] for field in fields]
    return f"{_insert_into(model)} SELECT * FROM unnest({arrays})", columns  # noqa: S608


def _insert_into(model: type[Model]) -> str:
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    return f'INSERT INTO "{model._meta.db_table}" ({columns})'
