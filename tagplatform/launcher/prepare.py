"""Brings tables, first admin and static files up to date, in one process that knows Django."""

import os
import sys


def main(*, with_static: bool) -> int:
    """Run the management commands of a start; 1 with a plain message where the database does not answer."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")
    import django
    from django.core.management import call_command
    from django.db import OperationalError

    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("ensure_admin")
    except OperationalError as error:
        sys.stderr.write(f"The database does not answer: {error}\n")
        return 1
    declare_queues()
    if with_static:
        call_command("collectstatic", interactive=False, verbosity=0)
    return 0


def declare_queues() -> None:
    """Make the tables of a broker in the database before several workers try to at once."""
    from django.conf import settings
    from kombu import Queue

    from tagplatform.celery import app

    if not app.conf.broker_url.startswith("sqla+"):
        return
    with app.connection_for_write() as connection:
        for name in (settings.CELERY_TASK_DEFAULT_QUEUE, settings.TRAINING_QUEUE):
            Queue(name, channel=connection.default_channel).queue_declare()


if __name__ == "__main__":
    sys.exit(main(with_static="--static" in sys.argv))
