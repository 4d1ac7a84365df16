"""Encrypt the webhooks' secrets under today's SECRET_KEY, so that a former one is needed no longer."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.watching.keys import reencrypt_secrets


class Command(BaseCommand):
    help = "After a change of SECRET_KEY, while the former one stands in SECRET_KEY_FALLBACKS."

    def handle(self, *args: Any, **options: Any) -> None:
        done = reencrypt_secrets()
        self.stdout.write(f"{done.n_encrypted} encrypted under SECRET_KEY")
        if done.unreadable:
            raise CommandError(
                f"cannot be read: {', '.join(done.unreadable)}; put the former key into SECRET_KEY_FALLBACKS and run "
                "this again, or make new secrets on the pages of these webhooks"
            )
