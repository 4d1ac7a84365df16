"""The first admin and keys from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tagplatform.access.models import ApiKey, User
from tagplatform.access.services import find_api_key
from tagplatform.content.models import Source


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_first_admin_is_made_once_with_a_password_that_works(db: None) -> None:
    said = run("ensure_admin")
    again = run("ensure_admin")

    password = said.partition("password ")[2].split()[0]
    admin = User.objects.get()
    assert admin.username == "admin" and admin.is_superuser and admin.is_staff
    assert admin.check_password(password)
    assert again == ""


def test_no_admin_is_made_beside_another_superuser(db: None) -> None:
    User.objects.create_superuser("somebody")

    run("ensure_admin")

    assert User.objects.count() == 1


def test_a_key_is_printed_once_and_its_source_is_made(db: None) -> None:
    text = run("create_api_key", "--name", "our CMS", "--source", "cms", "--scope", "recommend").strip()

    key = find_api_key(text)
    assert key is not None
    assert key.scopes == ["recommend"] and key.source.slug == "cms"
    assert text not in str(ApiKey.objects.values())


def test_without_a_scope_a_key_may_do_all_but_change_models(db: None) -> None:
    key = find_api_key(run("create_api_key", "--name", "a", "--source", "cms", "--days", "30").strip())

    assert key is not None and key.expires_at is not None
    assert "documents:write" in key.scopes and "models:write" not in key.scopes


@pytest.mark.parametrize("wrong", [["--source", "no slug"], ["--source", "cms", "--days", "0"]])
def test_a_wrong_option_makes_nothing(db: None, wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        run("create_api_key", "--name", "a", *wrong)

    assert not Source.objects.exists() and not ApiKey.objects.exists()
