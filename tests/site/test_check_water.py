"""Sites whose water cannot flow as designed: each told with the part and the numbers."""

from pathlib import Path

import pytest

from twin.components.controller import PressureControllerSpec
from twin.components.pump import PumpSpec
from twin.core.errors import SiteError
from twin.site.check_water import reach_pa
from twin.site.load import load_site

SITES = Path(__file__).parents[2] / "site_configs"
PARTS = SITES / "parts"


def told(folder: Path, *changes: tuple[str, str], file: str = "pod.yaml") -> list[str]:
    """The problems of the pod with texts of one file replaced."""
    texts = {"pod.yaml": (SITES / "pod.yaml").read_text()}
    texts |= {f"parts/{path.name}": path.read_text() for path in PARTS.iterdir()}
    for old, new in changes:
        assert old in texts[file]
        texts[file] = texts[file].replace(old, new)
    (folder / "parts").mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    with pytest.raises(SiteError) as wrong:
        load_site(folder / "pod.yaml")
    return [str(problem).replace(f"{folder}/", "") for problem in wrong.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "plant_drop: 60 kPa",
            "plant_drop: 90 kPa",
            "halls.0.pumps: at design flow the pumps give 200 kPa, but 220 kPa are asked for: 90 kPa through the "
            "plant, 15 kPa along the headers, 115 kPa at their far end",
        ),
        (
            "difference: 115 kPa",
            "difference: 90 kPa",
            'halls.0.loop.difference: 90 kPa do not drive design flow through CDU "row-cdu": 97.4 kPa are lost, '
            "15 kPa along its row, 50 kPa in the unit, 32.4 kPa in its open valve",
        ),
        (
            "length: 20 m",
            "length: 7 m",
            # All of 2 pumps at 1.2 of their speed against 60 kPa of 200: 0.04 m3/s 1.2 (260/(60 + 60/4))^0.5.
            "halls.0.loop.pipe: all parcels of the pipe but one hold 0.216 m3, but in a step of 5 s up to 0.447 m3 pass"
            ", with all pumps at their fastest against the plant alone; make it longer or wider, by 2.06 times",
        ),
        (
            "length: 20 m,",
            "length: 20 m, water_at: 20 degC,",
            "halls.0.loop.pipe.water_at: facility water has its properties at 30 degC everywhere, so that the books",
        ),
        (
            "difference: 115 kPa",
            "difference: 115 kPa\n      pressure: {gain: 8 %/bar, period: 2.5 s}",
            "halls.0.loop.pressure.period: controllers act at whole seconds; a period of 2.5 s must be at least 1 s",
        ),
    ],
)  # fmt: skip
def test_what_keeps_facility_water_from_flowing(tmp_path, old, new, said):
    assert any(said in text for text in told(tmp_path, (old, new))), said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "filter_drop: 30 kPa ",
            "filter_drop: 80 kPa ",
            "cdus.in-rack-cdu.pumps: at design flow the pumps give 300 kPa, but 330 kPa are lost: 50 kPa in the "
            'exchanger, 80 kPa in the filter, 0 kPa along the header, 200 kPa in rack "h100-hgx-rack"',
        ),
        (
            "approach: 5 K ",
            "approach: 5 K\n    dew_margin: 20 K ",
            'halls.0.supply: CDU "in-rack-cdu" is to send coolant of 30 degC, 5 K above the water, but keeps it at 32 '
            "degC, 20 K above the dew point of the hall",
        ),
        (
            "approach: 5 K ",
            "approach: 5 K\n    temperature: {period: 0.5 s} ",
            "cdus.in-rack-cdu.temperature.period: controllers act at whole seconds; a period of 0.5 s must be",
        ),
    ],
)
def test_what_keeps_coolant_from_flowing(tmp_path, old, new, said):
    assert any(said in text for text in told(tmp_path, (old, new), file="parts/hgx_racks.yaml")), said


def test_racks_whose_plates_need_more_than_their_share(tmp_path):
    said = (
        "cdus.row-cdu.pumps.flow: each of 15 racks gets 106.7 L/min, but the plates of the GPUs in rack "
        '"nvl72-rack" alone take 122.4 L/min'
    )
    found = told(tmp_path, ("    racks: 10\n", "    racks: 15\n"), file="parts/nvl72_racks.yaml")
    assert any(said in text for text in found), found


def test_pumps_reach_less_where_they_may_not_run_full():
    pumps = PumpSpec(count=2, flow="2 m3/s", pressure="300 kPa", efficiency="80 %", drive_efficiency="90 %")
    held = PressureControllerSpec(gain="5 %/bar", highest="90 %")
    assert reach_pa(pumps, PressureControllerSpec(gain="5 %/bar")) == 300e3
    assert reach_pa(pumps, held) == pytest.approx(0.81 * 390e3 - 90e3, rel=1e-12)
