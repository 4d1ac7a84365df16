"""Parents never form a cycle and stay inside the vocabulary; every change of tags or labels counts its version up."""

from django.db import migrations

PARENTS = """
CREATE FUNCTION taxonomy_tag_check_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(NEW.vocabulary_id::text));
    IF EXISTS (
        SELECT 1 FROM taxonomy_tag other
        WHERE other.id IN (NEW.parent_id, NEW.replaced_by_id) AND other.vocabulary_id <> NEW.vocabulary_id
    ) THEN
        RAISE EXCEPTION 'tag % points into another vocabulary', NEW.notation
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tag_points_into_its_vocabulary';
    END IF;
    IF EXISTS (
        WITH RECURSIVE ancestor AS (
            SELECT id, parent_id FROM taxonomy_tag WHERE id = NEW.parent_id
            UNION
            SELECT tag.id, tag.parent_id FROM taxonomy_tag tag JOIN ancestor ON tag.id = ancestor.parent_id
        )
        SELECT 1 FROM ancestor WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'tag % would be its own ancestor', NEW.notation
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tag_no_cycle';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tag_check_parent AFTER INSERT OR UPDATE OF parent_id, replaced_by_id, vocabulary_id
    ON taxonomy_tag FOR EACH ROW
    WHEN (NEW.parent_id IS NOT NULL OR NEW.replaced_by_id IS NOT NULL)
    EXECUTE FUNCTION taxonomy_tag_check_parent();
"""

PARENTS_BACK = """
DROP TRIGGER tag_check_parent ON taxonomy_tag;
DROP FUNCTION taxonomy_tag_check_parent();
"""

VERSION = """
CREATE FUNCTION taxonomy_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE taxonomy_vocabulary SET version = version + 1
    WHERE id IN (SELECT vocabulary_id FROM changed);
    RETURN NULL;
END $$;
"""
VERSION_BACK = "DROP FUNCTION taxonomy_count_version();"

TABLES = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def counting_trigger(table: str, event: str) -> migrations.RunSQL:
    name = f"{table}_count_version_{event.lower()}"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {TABLES[event]} TABLE AS changed "
        "FOR EACH STATEMENT EXECUTE FUNCTION taxonomy_count_version();",
        f"DROP TRIGGER {name} ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0001_initial")]

    operations = [
        migrations.RunSQL(PARENTS, PARENTS_BACK),
        migrations.RunSQL(VERSION, VERSION_BACK),
        *[
            counting_trigger(table, event)
            for table in ("taxonomy_tag", "taxonomy_taglabel")
            for event in TABLES
        ],
    ]
