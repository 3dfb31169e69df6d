"""The site file as frozen models: joins parts, halls, the electrical network and control.

Every model forbids unknown keys; every quantity carries its unit. What one field cannot know (names that
must exist, nodes without a parent, a CDU without a rack) is checked on the whole site in `check`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, model_validator

from twin.components.feed import FeedSpec
from twin.core.quantity import Duration, Length, Spec
from twin.site.spec_control import ControlSpec
from twin.site.spec_electrical import ElectricalSpec
from twin.site.spec_halls import HallSpec
from twin.site.spec_parts import Name, Parts

SCHEMA_VERSION = 1


class LimitSpec(Spec):
    """How the limits of feed and substations are judged."""

    window: Literal["1 s", "1 min", "demand interval"] = "1 min"
    """The mean that is binding by contract; the other two are reported beside it."""
    demand_interval: Duration = Field(default=900.0, gt=0)


class Variant(Spec):
    """A site that differs from another in a few places."""

    schema_version: Literal[1]
    base: Annotated[StrictStr, Field(pattern=r"^[^/\\\\]+$")]
    """The other site's file, which stands beside this one."""
    name: Name
    title: StrictStr = ""
    scenario: StrictStr | None = None
    """Scenario file that runs where none is named; without it the other site's."""
    changes: dict[StrictStr, Any]
    """New values by path, e.g. ``halls.*.supply: 32 degC``; list entries by index, by name, or ``*`` for all."""


class Site(Spec):
    """A whole site."""

    schema_version: Literal[1]
    name: Name
    title: StrictStr = ""
    altitude: Length
    scenario: StrictStr | None = None
    """Scenario file that runs where none is named, relative to this file."""
    parts: tuple[StrictStr, ...] = ()
    """Files with part types, relative to this file."""
    library: Parts | None = None
    """Part types given in place; a resolved file has all of them here."""
    feed: FeedSpec
    limits: LimitSpec = LimitSpec()
    rules: StrictStr = "none"
    """Rule pack that runs are judged by: none, nerc-alert-2026, ercot-nogrr282. A scenario may name another."""
    control: ControlSpec
    electrical: ElectricalSpec
    halls: tuple[HallSpec, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    """What is estimated or assumed; stands in every report."""

    @model_validator(mode="after")
    def _some_parts(self) -> "Site":
        if not self.parts and self.library is None:
            raise ValueError("name part files under parts, or give types under library")
        return self
