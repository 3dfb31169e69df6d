"""After a run: its figures into run.json, its report, and the lines a person reads first."""

import json

from twin.judge.result import reading
from twin.judge.summary import summary
from twin.judge.verdict import verdict
from twin.report.page import draw_report
from twin.results import Result
from twin.running import FILES


def finish(result: Result, *, report: bool = True) -> list[str]:
    """Judge ``result``, complete its run.json, draw its report; returns what to say."""
    page = result.directory / FILES.report
    with reading(result.path) as tree:
        figures, sentences = summary(tree), verdict(tree)
        if report:
            draw_report(tree, page)
    facts = result.directory / FILES.facts
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"verdict": figures}, indent=2, allow_nan=False) + "\n")
    said = json.loads(facts.read_text())
    lines = [sentence.text for sentence in sentences]
    lines.append(
        f"simulated {said['simulated_s'] / 3600:g} h in {said['wall_s']:.1f} s ({said['speedup']:,.0f} x real time), "
        f"{said['compile_s']:.1f} s of compilation apart; peak memory {said['peak_rss_bytes'] / 1e9:.2f} GB"
    )
    if report:
        lines.append(f"report: {page}")
    return lines
