"""No caps: what the site draws when nobody holds it."""

from dataclasses import dataclass

from twin.control.policy import Commands, Seen


@dataclass
class Uncapped:
    """Leave every board at its rating: the reference that others are judged against."""

    every_s: float = 3600.0

    def act(self, seen: Seen) -> Commands | None:
        """Nothing to command."""
        del seen
        return None
