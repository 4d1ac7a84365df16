"""The first person who may do everything, made once; the password is printed and kept nowhere else."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand

from tagplatform.access.models import User

NAME = "admin"


class Command(BaseCommand):
    help = "Make the superuser “admin” with a random password, if there is no superuser yet."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_superuser=True).exists():
            if options["verbosity"] > 1:
                self.stdout.write("There is a superuser already.")
            return
        password = secrets.token_urlsafe(12)
        person, created = User.objects.get_or_create(username=NAME, defaults={"email": ""})
        person.is_staff = person.is_superuser = person.is_active = True
        person.set_password(password)
        person.save()
        note = "" if created else " (this person existed and has a new password now)"
        self.stdout.write(f"First admin{note}: name {NAME}, password {password}")
        self.stdout.write("The password is shown this once. Change it in the admin, or with manage.py changepassword.")
