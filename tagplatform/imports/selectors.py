"""What is asked of the imports: which one goes on, which ones were last."""

from django.db.models import QuerySet

from tagplatform.imports.models import ImportRun


def unfinished_run(*, kind: str, target: str, file_digest: str) -> ImportRun | None:
    """The run that the same file would go on with: its latest one, if that was cut off or failed on the way."""
    latest = ImportRun.objects.filter(kind=kind, target=target, file_digest=file_digest).first()
    if latest is None or latest.state == ImportRun.State.SUCCEEDED or not latest.rows_done:
        return None
    return latest


def was_imported(*, kind: str, target: str) -> bool:
    """Whether the latest import into the target came to its end."""
    latest = ImportRun.objects.filter(kind=kind, target=target).first()
    return latest is not None and latest.state == ImportRun.State.SUCCEEDED


def latest_imports(*, limit: int = 20) -> QuerySet[ImportRun]:
    """The newest imports first."""
    return ImportRun.objects.all()[:limit]
