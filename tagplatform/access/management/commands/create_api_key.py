"""A key for a program, from the command line; it is printed once and only its hash is kept."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.forms import ValidationError
from django.utils import timezone

from tagplatform.access.services import create_api_key
from tagplatform.common.scopes import Scope
from tagplatform.content.models import Source


class Command(BaseCommand):
    help = "Make an API key for a source and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="who uses it and for what")
        parser.add_argument("--source", required=True, help="slug of the source (CMS or site); made if it is new")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it may do, repeatable; without this option everything but models:write",
        )
        parser.add_argument("--days", type=int, help="how long it is valid; without this option until it is revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        days: int | None = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days is a number from 1 on.")
        _key, text = create_api_key(
            name=options["name"],
            source=self._source(options["source"]),
            scopes=options["scope"] or [scope for scope in Scope.values if scope != Scope.MODELS_WRITE],
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        self.stderr.write("The key is shown this once; keep it in a safe place.")
        self.stdout.write(text)

    def _source(self, slug: str) -> Source:
        try:
            validate_slug(slug)
        except ValidationError as error:
            raise CommandError(f"“{slug}” is no slug: use letters, digits, - and _.") from error
        source, created = Source.objects.get_or_create(slug=slug, defaults={"name": slug})
        if created:
            self.stderr.write(f"The source “{slug}” is new.")
        return source
