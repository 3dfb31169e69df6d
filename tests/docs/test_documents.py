"""What the documents say is there: files they name, links they make, code they show."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]+)\)")
NAMED = re.compile(r"`((?:twin|tests|site_configs|examples|benchmarks|validation|docs)/[\w/.-]+)`")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page):
    for name in NAMED.findall(page.read_text()):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_tree_in_the_architecture_is_the_tree():
    tree = (ROOT / "docs" / "architecture.md").read_text().split("## Tree")[1].split("```")[1]
    for file in (ROOT / "twin").glob("*.py"):
        assert file.name.startswith("__") or file.name in tree, f"docs/architecture.md does not name twin/{file.name}"
    for module in (file for part in ("core", "components") for file in (ROOT / "twin" / part).glob("*.py")):
        assert module.stem == "__init__" or re.search(rf"\b{module.stem}\b", tree), f"does not name {module.stem}"


@pytest.mark.compiled
def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    code = BLOCK.findall((ROOT / "README.md").read_text())[0]
    monkeypatch.chdir(tmp_path)
    exec(code.replace("site_configs/", f"{ROOT}/site_configs/"), {})
    assert "kW at most" in capsys.readouterr().out


@pytest.mark.compiled
def test_the_policy_of_the_documents_runs(tmp_path):
    from twin.running import run
    from twin.scenario import Scenario
    from twin.site.load import load_site

    file = tmp_path / "night.py"
    file.write_text(BLOCK.findall((ROOT / "docs" / "writing_a_policy.md").read_text())[0])
    scenario = Scenario.model_validate({"duration": "3 min", "policy": {"name": f"{file}:NightShift"}})
    result = run(load_site(ROOT / "site_configs" / "pod.yaml"), scenario, tmp_path / "run")
    assert result.site["capped"].values[-1] > 0
