"""Turn the ledger's tables into tables partitioned by month on their UUIDv7 key, each with a default partition."""

from django.db import migrations

KEY_BY_TABLE = {
    "feedback_recommendation": "id",
    "feedback_suggestion": "id",
    "feedback_outcome": "recommendation_id",
    "feedback_decision": "id",
}


def partition_tables(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table, key in KEY_BY_TABLE.items():
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conrelid = %s::regclass AND contype = 'f'",
                [table],
            )
            foreign_keys = cursor.fetchall()
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_plain")
            cursor.execute(
                f"CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
                f"INCLUDING INDEXES) PARTITION BY RANGE ({key})"
            )
            cursor.execute(f"DROP TABLE {table}_plain")
            for name, definition in foreign_keys:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
            cursor.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")


class Migration(migrations.Migration):
    dependencies = [("feedback", "0001_initial")]

    operations = [migrations.RunPython(partition_tables, migrations.RunPython.noop)]
