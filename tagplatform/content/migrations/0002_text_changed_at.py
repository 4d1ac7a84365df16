"""Remember when a document's text changed, whoever writes it: training must not take a later text for an early one."""

from django.db import migrations, models

MAKE = """
CREATE FUNCTION content_document_text_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.text_changed_at = now();
    RETURN NEW;
END $$;
CREATE TRIGGER content_document_text_changed BEFORE UPDATE OF content_hash ON content_document
FOR EACH ROW WHEN (OLD.content_hash IS DISTINCT FROM NEW.content_hash)
EXECUTE FUNCTION content_document_text_changed();
"""
DROP = """
DROP TRIGGER content_document_text_changed ON content_document;
DROP FUNCTION content_document_text_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="text_changed_at",
            field=models.DateTimeField(
                editable=False,
                help_text="when title or body last changed; the database writes it",
                null=True,
            ),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
