"""The JSON Schemas under docs/schema are those of the models, and the shipped files fit them by their first line."""

import json
from pathlib import Path

import pytest

from twin.schema import schemas, write_schemas

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for folder in ("site_configs", "examples", "tests")
    for file in sorted((ROOT / folder).rglob("*.yaml"))
    if file.read_text().startswith("# yaml-language-server")
]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_shipped_schema_is_the_models(name):
    shipped = json.loads((ROOT / "docs" / "schema" / name).read_text())
    assert shipped == json.loads(json.dumps(schemas()[name])), "docs/schema is behind the models: run `twin schema`"


def test_nothing_else_lies_beside_them():
    assert {file.name for file in (ROOT / "docs" / "schema").iterdir()} == set(schemas())


def test_writing_makes_the_folder_and_says_what_it_wrote(tmp_path):
    written = write_schemas(tmp_path / "new")
    assert {file.name for file in written} == set(schemas())
    assert all(json.loads(file.read_text())["$schema"].endswith("2020-12/schema") for file in written)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_first_line_of_a_file_names_a_schema_that_is_there(file):
    named = file.read_text().splitlines()[0].partition("$schema=")[2].strip()
    assert (file.parent / named).resolve().is_file()
