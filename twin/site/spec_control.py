"""Between policy and plant in a site file: meters, paths of commands, the scheduler."""

from pydantic import Field, StrictStr, model_validator

from twin.core.quantity import Duration, Frequency, Power, Ratio, Spec


class MeterSpec(Spec):
    """Telemetry: how often it is read, over what time, how old and how true it is when a policy sees it."""

    period: Duration = Field(gt=0)
    delay: Duration = Field(ge=0)
    window: Duration = Field(default=1.0, gt=0)
    """Readings are the mean over this time before them, in whole seconds: a shorter one reads a second's mean."""
    gain_error: Ratio = Field(default=0.0, lt=1)
    """Greatest error of power as a share of it: drawn once for each board or meter, evenly up to this."""
    dropout: Ratio = Field(default=0.0, le=1)
    """Probability that a reading of one thing is missing: its last value stands, with its age."""

    @model_validator(mode="after")
    def _windows_apart(self) -> "MeterSpec":
        if self.window > max(self.period, 1.0):
            raise ValueError(f"the window of {self.window:g} s is longer than the period of {self.period:g} s")
        for name, time_s in (("period", self.period), ("delay", self.delay)):
            if time_s % 1:
                raise ValueError(f"a meter counts whole seconds, found a {name} of {time_s:g} s")
        return self


class ActuatorSpec(Spec):
    """The path of a command from the policy to the boards."""

    latency: Duration = Field(ge=0)
    """From the policy to the server, at least; with the writes rounded up to whole seconds."""
    quantum: Power = Field(default=1.0, gt=0)
    """Caps and floors are rounded down to multiples of it."""
    clock_quantum: Frequency = Field(default=15e6, gt=0)
    """Clocks are rounded down to multiples of it: steps of 15 MHz are usual [E]."""
    write: Duration = Field(default=0.0, ge=0)
    """Time to write one board; a server's boards are written one after another."""
    jitter: Duration = Field(default=0.0, ge=0)
    """Up to so much longer than the latency, drawn evenly for each server and command."""
    failure: Ratio = Field(default=0.0, le=1)
    """Probability that a command to a server is lost."""


class SchedulerSpec(Spec):
    """The path of orders from the policy to the scheduler: pauses of jobs, and whether the queue may start any."""

    latency: Duration = Field(default=5.0, ge=0)
    """From the policy to the jobs, rounded up to whole seconds, one at least [E]."""


class ControlSpec(Spec):
    """Between a policy and the plant: meters and paths, in place or by the name of a type in a parts file."""

    site_meter: MeterSpec | StrictStr
    """Feed and substations."""
    node_meter: MeterSpec | StrictStr
    """Servers and GPU boards."""
    board_meter: MeterSpec | StrictStr | None = None
    """Every other node of the electrical tree that feeds racks; without it like the servers'."""
    rack_meter: MeterSpec | StrictStr | None = None
    """Power and hottest die of racks; without it like the servers'."""
    coolant_meter: MeterSpec | StrictStr | None = None
    """Flow and temperature of the coolant of each CDU; without it like the servers'."""
    cap: ActuatorSpec | StrictStr
    """Of power caps and power floors."""
    clock: ActuatorSpec | StrictStr | None = None
    """Of locked clocks; without it clocks cannot be locked."""
    brake: ActuatorSpec | StrictStr | None = None
    """Of the power brake, which brings boards nearly to a halt; without it there is none."""
    brake_to: Ratio = Field(default=0.2, gt=0, le=1)
    """Share of its rating that a braked board may draw: a clock of 288 MHz [E]."""
    scheduler: SchedulerSpec = SchedulerSpec()
    """Of orders to the scheduler."""
