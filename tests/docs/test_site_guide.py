"""The examples of the guide to the electrical part of a site file, laid over each other, load and build."""

import re
from pathlib import Path

import yaml

from twin.site.compile import compile_site
from twin.site.load import load_site

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "writing_a_site.md").read_text(), re.DOTALL)


def laid(under, over):
    """``over`` laid over ``under``: mappings and lists of named entries are completed, all else is replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        return under | {key: laid(under.get(key), value) for key, value in over.items()}
    if isinstance(under, list) and isinstance(over, list):
        both = {one["name"]: one for one in under}
        for one in over:
            both[one["name"]] = laid(both.get(one["name"]), one)
        return list(both.values())
    return over


def test_every_example_of_the_guide_loads(tmp_path):
    base = yaml.safe_load((ROOT / "site_configs" / "pod.yaml").read_text())
    base["parts"] = [str(ROOT / "site_configs" / part) for part in base["parts"]]
    base["electrical"] = {}
    assert len(BLOCKS) == 9
    for block in BLOCKS:
        base = laid(base, yaml.safe_load(block))
        file = tmp_path / "site.yaml"
        file.write_text(yaml.safe_dump(base))
        compiled = compile_site(load_site(file))
    assert list(compiled.names.batteries) == ["megapacks"]
    assert "coupler" in compiled.names.electrical


def test_the_guide_names_every_key_of_the_electrical_part():
    from twin.site.spec_electrical import ElectricalNodeSpec, ElectricalSpec

    text = (ROOT / "docs" / "writing_a_site.md").read_text()
    for key in (*ElectricalSpec.model_fields, *ElectricalNodeSpec.model_fields):
        assert key == "base" or re.search(rf"\b{key}\b", text), f"docs/writing_a_site.md does not name {key}"
