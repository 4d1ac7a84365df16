"""The admin's templates use classes that some stylesheet of the page has."""

import re
from pathlib import Path

import unfold
from django.conf import settings

BASE = Path(settings.BASE_DIR)
TAGS = re.compile(r"{[{%].*?[%}]}", re.DOTALL)


def test_every_class_of_the_templates_has_a_style() -> None:
    sheets = [*(Path(unfold.__file__).parent / "static").rglob("styles.css"), *(BASE / "static").rglob("*.css")]
    styles = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    known = {name.replace("\\", "") for name in re.findall(r"\.((?:[\w-]|\\.)+)", styles)}

    used = {
        (name, template.name)
        for template in (BASE / "templates" / "admin").rglob("*.html")
        for names in re.findall(r'class="([^"]*)"', TAGS.sub(" ", template.read_text(encoding="utf-8")))
        for name in names.split()
    }

    assert sorted(each for each in used if each[0] not in known) == []
