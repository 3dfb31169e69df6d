"""JSON Schemas of the files people write, for editors."""

import json
from pathlib import Path
from typing import Any

from twin.core.quantity import Spec
from twin.scenario import Scenario
from twin.site.spec import Site, Variant
from twin.site.spec_parts import Parts


def schemas() -> dict[str, dict[str, Any]]:
    """Schema by file name."""
    models: dict[str, type[Spec]] = {
        "site.v1.json": Site, "variant.v1.json": Variant, "parts.v1.json": Parts, "scenario.v1.json": Scenario,
    }  # fmt: skip
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        for name, model in models.items()
    }


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into ``folder``; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(json.dumps(schema, indent=1) + "\n")
        written.append(path)
    return written
