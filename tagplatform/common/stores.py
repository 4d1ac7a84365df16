"""A store of files as Django's STORAGES describe it, from one line of the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def storage_of(place: str) -> dict[str, Any]:
    """A folder, file:///folder, or s3://bucket/prefix; raises ImproperlyConfigured for anything else.

    Keys, region and endpoint of S3 come from boto's own variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3, ...).
    """
    parts = urlsplit(place)
    if parts.scheme == "s3" and parts.netloc:
        options = {"bucket_name": parts.netloc, "location": parts.path.strip("/"), "file_overwrite": True}
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    folder = Path(parts.path)
    if parts.scheme in ("", "file") and not parts.netloc and folder.is_absolute():
        options = {"location": str(folder), "allow_overwrite": True}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    raise ImproperlyConfigured(f"BUNDLES_STORE is {place!r}: name an absolute folder or s3://bucket/prefix.")
