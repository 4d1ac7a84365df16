"""What stands rejected, in a table of its own, with what the ledger holds already."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

FROM_THE_LEDGER = """
INSERT INTO feedback_standingrejection
    (tag_id, source_id, document_id, content_hash, recommendation_id, decided_at)
SELECT d.tag_id, d.source_id, d.document_id, COALESCE(r.content_hash, document.content_hash), d.recommendation_id,
    d.created_at
FROM (
    SELECT DISTINCT ON (recommendation_id, document_id, tag_id) *
    FROM feedback_decision ORDER BY recommendation_id, document_id, tag_id, id DESC
) AS d
LEFT JOIN feedback_recommendation AS r ON r.id = d.recommendation_id
LEFT JOIN content_document AS document ON document.id = d.document_id
WHERE d.kind IN ('rejected', 'removed') AND COALESCE(r.content_hash, document.content_hash) IS NOT NULL
AND NOT EXISTS (
    SELECT 1 FROM content_tagassignment AS borne
    WHERE borne.document_id = d.document_id AND borne.tag_id = d.tag_id
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0001_initial"),
        ("feedback", "0004_origin_of_new_tags"),
        ("taxonomy", "0004_tag_at_most_one_below"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandingRejection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_hash", models.CharField(db_index=True, help_text="SHA-256 of title and body", max_length=64)),
                (
                    "recommendation_id",
                    models.UUIDField(help_text="the answer that it was rejected on", null=True),
                ),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="content.document",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="content.source",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="taxonomy.tag"
                    ),
                ),
            ],
            options={
                "verbose_name": "standing rejection",
                "verbose_name_plural": "standing rejections",
                "ordering": ("-id",),
            },
        ),
        migrations.RunSQL(FROM_THE_LEDGER, migrations.RunSQL.noop),
    ]
