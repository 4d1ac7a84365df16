"""Run inside an installation, with its environment: policies of an arm, people who will sign in, tags to retire.

usage: python -m benchmarks.replaying.inside JSON, with JSON of the form
{"vocabulary": slug, "policies": {model: {field: value}}, "people": {name: role}, "retire": [notation]}

There is no API for policies, accounts and the status of tags; everything else goes through HTTP. Prints passwords by
name as JSON.
"""

import json
import os
import secrets
import sys
from typing import Any


def main() -> None:
    """Set what is asked for; DomainError and database errors end the process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tagplatform.settings")
    import django

    django.setup()
    asked = json.loads(sys.argv[1])
    _set_policies(asked["vocabulary"], asked["policies"])
    _retire(asked["vocabulary"], asked["retire"])
    print(json.dumps(_make_people(asked["people"])))


def _set_policies(slug: str, policies: dict[str, dict[str, Any]]) -> None:
    """By the name of the model; checked as the admin's form would check them."""
    from django.apps import apps

    from tagplatform.taxonomy.models import Vocabulary

    vocabulary = Vocabulary.objects.get(slug=slug)
    for name, fields in policies.items():
        policy, _created = apps.get_model("recommender", name).objects.get_or_create(vocabulary=vocabulary)
        for field, value in fields.items():
            setattr(policy, field, value)
        policy.full_clean()
        policy.save()


def _retire(slug: str, notations: list[str]) -> None:
    """One operation, as an administrator carries it out on a selection."""
    from tagplatform.taxonomy.models import Tag
    from tagplatform.taxonomy.services import set_tag_status

    tags = list(Tag.objects.filter(vocabulary__slug=slug, notation__in=notations))
    if tags:
        set_tag_status(tags=tags, status=Tag.Status.RETIRED, actor=None)


def _make_people(roles: dict[str, str]) -> dict[str, str]:
    from django.contrib.auth.models import Group

    from tagplatform.access.models import User

    passwords = {name: secrets.token_urlsafe(12) for name in roles}
    for name, role in roles.items():
        person, _created = User.objects.get_or_create(username=name)
        person.set_password(passwords[name])
        person.save()
        person.groups.add(Group.objects.get(name=role))
    return passwords


if __name__ == "__main__":
    main()
