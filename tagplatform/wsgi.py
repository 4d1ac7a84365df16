"""The WSGI entry point that gunicorn serves; the champions are loaded while the first page is asked for."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")

application = get_wsgi_application()


def _follow_champions() -> None:
    from recommender.following import ChampionFollower

    ChampionFollower().start()


threading.Thread(target=_follow_champions, daemon=True).start()
