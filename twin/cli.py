"""The command line: parse, call, print. Nothing but click is imported until a command runs."""

import sys
from pathlib import Path
from typing import Any

import click

_COMPILING = "compiling the solver, once for this version (one to two minutes)"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Main(click.Group):
    """Turns errors that are meant for people into sentences and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted; what was simulated until then is saved, and marked as incomplete", err=True)
            raise SystemExit(130) from None
        except click.ClickException:
            raise
        except Exception as wrong:
            from twin.core.errors import TwinError

            if not isinstance(wrong, TwinError) or ctx.params.get("trace"):
                raise
            click.echo(str(wrong), err=True)
            raise SystemExit(wrong.exit_code) from None


@click.group(cls=_Main, context_settings=_CONTEXT)
@click.option("--trace", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="datacenter-twin", prog_name="twin")
def main(trace: bool) -> None:
    """A digital twin of an AI datacenter's power and heat."""
    del trace


@main.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("scenario", required=False, type=click.Path(path_type=Path))
def check(site: Path, scenario: Path | None) -> None:
    """Check a SITE file, and a SCENARIO on it, without simulating."""
    loaded, scene, folder = _load(site, scenario, (), None, None, None)
    from twin.simulation import Simulation

    simulation = Simulation(loaded, scene, folder)
    c = simulation.compiled
    click.echo(
        f"{site}: {len(c.names.halls)} halls, {len(c.names.racks)} racks, {c.node_rack.size} servers, {c.gpus} GPUs, "
        f"{len(c.names.cdus)} CDUs, {len(c.names.electrical)} electrical nodes"
    )
    click.echo(
        f"{scene.title or 'default scenario'}: {len(simulation.workload.placements)} jobs, "
        f"{len(simulation.actions)} events, policy {scene.policy.name}"
    )


def _load(
    site: Path,
    scenario: Path | None,
    changes: tuple[str, ...],
    duration: str | None,
    policy: str | None,
    seed: int | None,
) -> tuple[Any, Any, Path]:
    """Site, scenario and the folder its files are relative to, with what the command line changes."""
    from twin.inputs import load_inputs

    return load_inputs(site, scenario, changes=changes, duration=duration, policy=policy, seed=seed)


@main.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("scenario", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Run directory to write.")
@click.option("-t", "--duration", help="How long, e.g. 10min or 24h.")
@click.option("-p", "--policy", help="A policy by name, or FILE.py:Class.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help='Change the site by path, e.g. "halls.*.supply=30 degC".',
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of everything random.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the solver; results do not depend on it.")
@click.option("--force", is_flag=True, help="Overwrite a run that is there.")
@click.option("--no-report", is_flag=True, help="Do not draw the report.")
def run(
    site: Path, scenario: Path | None, out: Path, duration: str | None, policy: str | None, changes: tuple[str, ...],
    seed: int | None, threads: int | None, force: bool, no_report: bool,
) -> None:  # fmt: skip
    """Simulate SCENARIO (the site's default one if left out) on SITE, and draw its report.

    SITE may also be the resolved.yaml of an earlier run, which repeats it bit for bit.
    """
    loaded, scene, folder = _load(site, scenario, changes, duration, policy, seed)
    from twin.console import Console
    from twin.core import jit
    from twin.running import run as simulate

    if threads:
        jit.set_threads(threads)
    console = Console()
    if jit.is_cold():
        console.say(_COMPILING)
    with console.progress(f"{loaded.name}, {scene.title or 'default scenario'}, {scene.policy.name}") as tell:
        result = simulate(loaded, scene, out, folder=folder, progress=tell, overwrite=force)
    _judge(result, console, report=not no_report)


def _announce() -> None:
    """Say on stderr that the solver is to be compiled first, where it is."""
    from twin.core import jit

    if jit.is_cold():
        click.echo(_COMPILING, err=True)


def _judge(result: Any, console: Any, *, report: bool) -> None:
    """Put the verdict's figures into run.json, draw the report, and say what matters."""
    from twin.finishing import finish

    for line in finish(result, report=report):
        console.say(line)


@main.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--at", "weather", default="36 degC", show_default=True, help="Dry bulb outdoors.")
@click.option("--wet-bulb", help="Wet bulb outdoors, at most the dry bulb; else 25 degC, or the dry bulb below that.")
@click.option(
    "--activity", default=1.0, show_default=True, type=click.FloatRange(0, 1), help="Activity of every server."
)
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change the site by path.")
def steady(site: Path, weather: str, wet_bulb: str | None, activity: float, changes: tuple[str, ...]) -> None:
    """What SITE draws and how hot it gets when nothing changes."""
    loaded, _, _ = _load(site, None, changes, None, None, None)
    from twin.at_rest import describe

    _announce()
    for line in describe(loaded, weather, wet_bulb, activity):
        click.echo(line)


@main.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--n-1", "outages", is_flag=True, help="Take every element out of service, one by one.")
@click.option("--short-circuit", "faults", is_flag=True, help="Bolted three-phase faults at every bus (IEC 60909).")
@click.option("--at", metavar="TIME", help='SITE is a run directory: its minute, e.g. "15:30" or "90 min".')
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change the site by path.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Directory for tables and a page.")
def powerflow(
    site: Path, outages: bool, faults: bool, at: str | None, changes: tuple[str, ...], out: Path | None
) -> None:
    """Loadings, voltages and what is beyond its limits in SITE with every server at full activity.

    With --at, in a minute of a run. Exit code 3 where there is no power flow.
    """
    from twin.powerflow import run_study

    for line in run_study(site, at=at, changes=changes, outages=outages, faults=faults, out=out, starting=_announce):
        click.echo(line)


@main.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("scenario", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Directory to write.")
@click.option(
    "--weather", default="memphis", show_default=True, help="A climate by name; an EPW, TMY3 or table file of a year."
)
@click.option(
    "--step", default="1 h", show_default=True, help="Of the plant, a whole part of a day: 1 min, 5 min, 1 h."
)
@click.option(
    "--activity",
    help="Of every server, 0 to 1, or a table time_s, activity, repeated; else the mean of SCENARIO's jobs.",
)
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change the site by path.")
@click.option("--force", is_flag=True, help="Overwrite a year that is there.")
@click.option("--no-report", is_flag=True, help="Do not draw the page.")
def year(
    site: Path, scenario: Path | None, out: Path, weather: str, step: str, activity: str | None,
    changes: tuple[str, ...], force: bool, no_report: bool,
) -> None:  # fmt: skip
    """A year of SITE, quasi-steady: PUE, WUE, ways of cooling and peaks, month by month."""
    loaded, scene, folder = _load(site, scenario, changes, None, None, None)
    from twin.console import Console
    from twin.core import jit
    from twin.yearly import run_year

    console = Console()
    if jit.is_cold():
        console.say(_COMPILING)
    with console.progress(f"a year of {loaded.name}, {weather}, steps of {step}") as tell:
        ran = run_year(
            loaded, scene, out, weather=weather, step=step, activity=activity, folder=folder, progress=tell,
            overwrite=force, report=not no_report,
        )  # fmt: skip
    for line in ran.sentences:
        console.say(line)
    console.say(f"result: {ran.result}")


@main.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="HTML file; beside the result if left out.")
def report(runs: tuple[Path, ...], out: Path | None) -> None:
    """Draw the report of each of RUNS again, from its result.nc alone."""
    from twin.report.page import write_report

    if out is not None and len(runs) > 1:
        raise click.UsageError("one report file for several runs: leave out --out")
    for path in runs:
        result = path / "result.nc" if path.is_dir() else path
        click.echo(write_report(result, out or result.with_name("report.html")))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUNS... | SITE [SCENARIO]")
@click.option("-p", "--policy", "policies", multiple=True, help="Simulate this policy; several times, for SITE.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(min=1), help="So many seeds, from 0 on.")
@click.option("-t", "--duration", help="How long each run is, e.g. 10min or 24h.")
@click.option("--at-once", default=1, show_default=True, type=click.IntRange(min=1), help="Runs beside each other.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Directory for the comparison.")
def compare(
    paths: tuple[Path, ...], policies: tuple[str, ...], seeds: int, duration: str | None, at_once: int, out: Path
) -> None:
    """Lay RUNS beside each other, or simulate several policies on SITE first: differences, overlaid plots, what won.

    With --policy, finished runs that stand in the directory already are kept.
    """
    if policies:
        _compare_policies(paths, list(policies), seeds, duration, at_once, out)
        return
    from twin.report.compare import write_comparison

    if len(paths) < 2:
        raise click.UsageError("name at least two runs, or a site with several --policy")
    click.echo(write_comparison([p / "result.nc" if p.is_dir() else p for p in paths], out))


def _compare_policies(
    paths: tuple[Path, ...], policies: list[str], seeds: int, duration: str | None, at_once: int, out: Path
) -> None:
    if len(paths) > 2:
        raise click.UsageError("with --policy name a SITE and at most one SCENARIO")
    loaded, scene, folder = _load(paths[0], paths[1] if len(paths) > 1 else None, (), duration, None, None)
    from twin.comparing import compare_policies
    from twin.console import Console

    console = Console()
    compared = compare_policies(
        loaded, scene, policies, list(range(seeds)), out, folder=folder, progress=console.progress, at_once=at_once
    )
    for line in compared.failed:
        console.say(f"left out: {line}")
    click.echo(compared.page)


@main.command()
@click.argument("cases", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TWIN_DATA",
    help="Folder with the traces (or TWIN_DATA).",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Directory for plots and tables.")
def validate(cases: tuple[Path, ...], data: Path | None, out: Path | None) -> None:
    """Hold the model against measured traces: CASES, or all under validation/."""
    from twin.validate import run_cases

    lines, failed = run_cases(list(cases), data, out)
    for line in lines:
        click.echo(line)
    if failed:
        raise SystemExit(1)


@main.group(invoke_without_command=True)
@click.pass_context
def policies(ctx: click.Context) -> None:
    """The policies known by name, with their fields."""
    from twin.control.policies import describe, known_policies

    if ctx.invoked_subcommand is not None:
        return
    for name, kind in known_policies().items():
        words, fields = describe(kind)
        click.echo(f"{name}: {words}")
        click.echo("    " + ", ".join(f"{field} = {value!r}" for field, value in fields.items()))


@policies.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE.py:Class...")
def check_policies(names: tuple[str, ...]) -> None:
    """Whether policies keep the contract: what they send, what they leave alone, how quick they are."""
    from twin.control.contract import check_policy
    from twin.control.policies import make_policy

    failed = False
    for name in names:
        wrong = check_policy(lambda name=name: make_policy(name, {}))  # type: ignore[misc]
        failed = failed or bool(wrong)
        for line in wrong or ["keeps the contract"]:
            click.echo(f"{name}: {line}")
    if failed:
        raise SystemExit(1)


@main.command()
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("docs/schema"), show_default=True)
def schema(out: Path) -> None:
    """Write the JSON Schemas of site, parts and scenario files."""
    from twin.schema import write_schemas

    for path in write_schemas(out):
        click.echo(path)


@main.command()
def warmup() -> None:
    """Compile the solver now, so that no run has to wait for it."""
    from twin.core import jit
    from twin.warm import warm

    was_cold = jit.is_cold()
    seconds = warm()
    click.echo(f"{'compiled' if was_cold else 'was compiled already'}; {seconds:.1f} s; kept in {jit.CACHE}")


@main.command()
def doctor() -> None:
    """Whether this machine is fit: versions, cores, where compiled code is kept."""
    from twin.warm import examine

    lines, fit = examine()
    for line in lines:
        click.echo(line)
    if not fit:
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
