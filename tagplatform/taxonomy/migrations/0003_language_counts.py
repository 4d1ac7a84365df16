"""The language of a vocabulary decides which labels are shown: its change counts the version up, too.

A row saved as a whole also sets `version`, perhaps to an older one: it never goes back.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION taxonomy_count_language() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := GREATEST(NEW.version, OLD.version) + (NEW.language IS DISTINCT FROM OLD.language)::int;
    RETURN NEW;
END $$;

CREATE TRIGGER vocabulary_count_language BEFORE UPDATE OF language ON taxonomy_vocabulary FOR EACH ROW
    EXECUTE FUNCTION taxonomy_count_language();
"""

BACK = """
DROP TRIGGER vocabulary_count_language ON taxonomy_vocabulary;
DROP FUNCTION taxonomy_count_language();
"""


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0002_triggers")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
