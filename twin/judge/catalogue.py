"""Looking up what a figure of `definitions` is by its name, and the page of all of them.

``python -m twin.judge.catalogue > docs/figures_of_merit.md`` writes the page; a test holds it against this.
"""

import re
from functools import cache
from typing import NamedTuple

from twin.judge.definitions import GROUPS, LEAST, NOT_BUILT, Figure

_FORMS = {
    "<window>": "1_s_mean|10_s_mean|1_min_mean|demand_interval", "<seconds>": r"[\d.]+", "<number>": r"\d+",
    "<class>": "[a-z_]+?(?:_[0-9]+)?",
}  # fmt: skip
_ANY = "[a-z0-9_]+"
_PLACE = re.compile("<[a-z]+>")


class Known(NamedTuple):
    """What is known of a figure: its definition, its words with what its name says put in, its group."""

    figure: Figure
    words: str
    group: str

    @property
    def factor(self) -> float:
        """What to multiply the figure by for reading."""
        return 100.0 if self.figure.unit == "share" else 1.0

    @property
    def unit(self) -> str:
        """The unit for reading: shares are per cent."""
        return {"share": "%", "1": ""}.get(self.figure.unit, self.figure.unit)


@cache
def known(name: str) -> Known | None:
    """What the figure ``name`` is, None where nobody has defined it."""
    for group, figures in GROUPS.items():
        for figure in figures:
            places = _PLACE.findall(figure.name)
            # The name as a pattern with a group for each place.
            found = re.fullmatch(_PLACE.sub(lambda place: f"({_FORMS.get(place[0], _ANY)})", figure.name), name)
            if found:
                words = figure.words
                for place, text in zip(places, found.groups(), strict=True):
                    words = words.replace(place, text.replace("_", " "))
                return Known(figure, words, group)
    return None


def order(name: str) -> tuple[int, list[float], str]:
    """What figures are sorted by: as they are defined, those of one definition by the numbers in their names."""
    one = known(name)
    names = [figure.name for figures in GROUPS.values() for figure in figures]
    # Minutes come after seconds, the demand interval after both.
    rank = name.replace("1_min", "60").replace("demand_interval", "900")
    numbers = [float(number) for number in re.findall(r"\d+", rank)]
    return (len(names) if one is None else names.index(one.figure.name)), numbers, name


def document() -> str:
    """The page: every figure by group."""
    lines = [
        "# Figures of merit", "",
        "What stands in a run's `run.json` under `verdict`, in the tables of `twin compare`, and in "
        "`twin.judge.summary.summary(tree)`: each is made from the result file alone, by functions in `twin/judge/`. "
        "Written by `python -m twin.judge.catalogue`; a test holds it against the code.", "",
        "`<window>` is `1_s_mean`, `10_s_mean`, `1_min_mean` or `demand_interval`; `<class>` a kind of job or "
        "`priority_0`, ...; `<kind>` a kind of electrical element, or `rack`; `<level>` is `feed`, `rack`, or depth "
        "and kind in the electrical tree. Shares are 0 to 1. What did not occur is left out.", "",
    ]  # fmt: skip
    for group, figures in GROUPS.items():
        lines += [f"## {group.capitalize()}", "", "| figure | unit | what | how | better |", "|---|---|---|---|---|"]
        for one in figures:
            better = "" if not one.better else "less" if one.better == LEAST else "more"
            lines.append(f"| `{one.name}` | {one.unit} | {one.words} | {one.how} | {better} |")
        lines.append("")
    return "\n".join([*lines, "## Not built", "", NOT_BUILT, ""])


if __name__ == "__main__":
    print(document(), end="")
