"""The web process imports Plotly only when somebody looks at a figure."""

import os
import subprocess
import sys

from django.conf import settings

LOAD_ALL_PAGES = """
import sys, django
django.setup()
from django.urls import reverse
reverse("audit:page")
print([name for name in ("plotly", "torch", "pandas") if name in sys.modules])
"""


def test_starting_the_web_process_does_not_import_plotly() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_ALL_PAGES],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tagplatform.settings", "DATABASE_URL": settings.DATABASE_URL},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert process.stdout.strip() == "[]"
