"""Files of back-tests: where those of the repository lie, and how one is read."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from os import PathLike
from pathlib import Path

from zemsim.calibrate.backtest.layout import make_settlements
from zemsim.calibrate.backtest.pack import price_keys
from zemsim.calibrate.backtest.place import place_types
from zemsim.calibrate.backtest.runner import place_of
from zemsim.calibrate.backtest.settings import CaseFile
from zemsim.core.errors import InputError, did_you_mean, raise_all
from zemsim.core.settings import Document, check, read_document

#: Times between zones grow with their square.
_MOST_ZONES = 2_500
#: Where the wheel puts the files of ``calibration/backtests``.
_PACKAGED = "cases"


def own_folder() -> Path:
    """Folder of the cases that come with the program: in the package, or beside it in the repository."""
    package = Path(str(files("zemsim")))
    packaged = package / "calibrate" / "backtest" / _PACKAGED
    return packaged if packaged.is_dir() else package.parent / "calibration" / "backtests"


def own_cases() -> list[Path]:
    """The cases that come with the program, by name.

    Raises
    ------
    InputError
        If there are none.
    """
    found = sorted(own_folder().glob("*.toml"))
    if not found:
        raise InputError("no back-test comes with this installation", own_folder(), hint="name a file")
    return found


def read_case(path: str | PathLike[str]) -> CaseFile:
    """Read a case.

    Raises
    ------
    InputError, InputErrors
        With file, line and key of every fault.
    """
    document = read_document(path)
    case = check(document, CaseFile)
    raise_all(_place_faults(case, document))
    return case


def read_cases(paths: Sequence[str | PathLike[str]]) -> list[CaseFile]:
    """Read several cases; two of the same id are an error."""
    found: dict[str, CaseFile] = {}
    for path in paths:
        case = read_case(path)
        if case.case.id in found:
            raise InputError(f"two back-tests have the id “{case.case.id}”", path)
        found[case.case.id] = case
    return list(found.values())


def _place_faults(case: CaseFile, document: Document) -> list[InputError]:
    types = place_types()
    if case.place.type not in types:
        hint = did_you_mean(case.place.type, types)
        return [document.fault(("place", "type"), f"there is no type of place “{case.place.type}”", hint)]
    prices = price_keys()
    faults = [
        document.fault(("base", "prices", key), "is no price of a region", did_you_mean(key, prices))
        for key in case.base.prices
        if key not in prices
    ]
    known, set_by_change = types[case.place.type], case.change.figures()
    for key, figure in case.place.figures.items():
        loc = ("place", "figures", key)
        if key not in known:
            faults.append(document.fault(loc, "no figure of a place is called so", did_you_mean(key, known)))
        elif key in set_by_change:
            faults.append(document.fault(loc, "the change states it as what held before", "leave it out here"))
        elif (fault := known[key].fault(figure.value)) is not None:
            faults.append(document.fault((*loc, "value"), fault))
    return faults or _shares_fault(case, document) or _size_fault(case, document)


def _size_fault(case: CaseFile, document: Document) -> list[InputError]:
    """A fault if a place has more zones than can be simulated: so many people do not live in a place of this type."""
    zones = sum(settlement.cells**2 for settlement in make_settlements(place_of(case)))
    if zones <= _MOST_ZONES:
        return []
    told = f"{case.place.residents:,} residents of a {case.place.type} would be {zones:,} zones of settlements"
    hint = f"at most {_MOST_ZONES:,}: take a larger type of place, more residents a km² or a larger urban_cell_km"
    return [document.fault(("place", "residents"), told, hint)]


def _shares_fault(case: CaseFile, document: Document) -> list[InputError]:
    """A fault if more people live in the settlements of a place than in all of it."""
    known, stated = place_types()[case.place.type], case.place.figures
    centre, towns = (
        stated[key].value if key in stated else known[key].value for key in ("centre_share", "towns_share")
    )
    if centre + towns <= 1.0:
        return []
    key = "centre_share" if "centre_share" in stated else "towns_share"
    told = f"centre_share {centre:g} and towns_share {towns:g} are more than 1 together"
    return [document.fault(("place", "figures", key), told, "what is left lives in the countryside")]
