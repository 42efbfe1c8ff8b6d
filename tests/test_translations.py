"""What people read and callers hear is there in German, whole, and up to date with the sources."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted(PROJECT.glob("*/locale/*/LC_MESSAGES/django.po"))
NOT_SOURCES = shutil.ignore_patterns(".*", "*.mo", "__pycache__", "tests", "var", "static")

FIELD = re.compile(r'^(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) ((?:".*"\n)+)', re.MULTILINE)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")

Entry = list[tuple[str, str]]

each_catalogue = pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.relative_to(PROJECT).parts[0])


def entries(catalogue: Path) -> Iterator[Entry]:
    """Each entry as its fields (keyword, text), without the header and without obsolete ones."""
    for block in catalogue.read_text().split("\n\n"):
        fields = [(keyword, _text(quoted)) for keyword, quoted in FIELD.findall(f"{block}\n")]
        if fields and sources(fields) != ("",):
            yield fields


def _text(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.splitlines())


def sources(entry: Entry) -> tuple[str, ...]:
    return tuple(text for keyword, text in entry if not keyword.startswith("msgstr"))


def translations(entry: Entry) -> tuple[str, ...]:
    return tuple(text for keyword, text in entry if keyword.startswith("msgstr"))


def placeholders(texts: tuple[str, ...]) -> set[str]:
    return {placeholder for text in texts for placeholder in PLACEHOLDER.findall(text)}


@each_catalogue
def test_every_entry_is_translated(catalogue: Path) -> None:
    assert [sources(entry) for entry in entries(catalogue) if not all(translations(entry))] == []


@each_catalogue
def test_no_entry_is_fuzzy_or_obsolete(catalogue: Path) -> None:
    assert re.findall(r"^#,.*\bfuzzy\b.*|^#~.*", catalogue.read_text(), re.MULTILINE) == []


@each_catalogue
def test_a_translation_has_the_placeholders_of_its_source(catalogue: Path) -> None:
    assert [
        sources(entry)
        for entry in entries(catalogue)
        if placeholders(sources(entry)) != placeholders(translations(entry))
    ] == []


def test_the_same_words_are_translated_the_same_way_everywhere() -> None:
    """Django throws all catalogues into one: of two translations, one would never be seen."""
    found = defaultdict(set)
    for catalogue in CATALOGUES:
        for entry in entries(catalogue):
            found[catalogue.parts[-3], sources(entry)].add(translations(entry))
    assert {source: several for source, several in found.items() if len(several) > 1} == {}


@each_catalogue
def test_django_reads_the_catalogue(catalogue: Path) -> None:
    read = {Path(app.path, "locale") for app in apps.get_app_configs()} | {Path(path) for path in settings.LOCALE_PATHS}
    assert catalogue.parents[2] in read


def test_the_catalogues_have_what_the_sources_say_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=NOT_SOURCES)
    (copy / "locale").mkdir()  # takes the strings of whatever has no catalogue of its own
    collect_strings(copy)
    collected = {path.relative_to(copy) for path in copy.rglob("django.po")}
    assert collected == {path.relative_to(PROJECT) for path in CATALOGUES}
    for path in collected:
        assert set(map(sources, entries(copy / path))) == set(map(sources, entries(PROJECT / path)))


def collect_strings(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "django", "makemessages", "--locale=de", "--no-location"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
