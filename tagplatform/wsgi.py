"""The WSGI entry point that gunicorn serves; the champions are loaded while the first page is asked for."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")

application = get_wsgi_application()


def _warm_up() -> None:
    from recommender.serving import warm_up

    warm_up()


threading.Thread(target=_warm_up, daemon=True).start()
