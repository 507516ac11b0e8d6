"""Many cores and reports at once: what each of them says, as tables (docs/fleet.md).

>>> from parked.fleet import History, analyze, read_table
>>> analyze(["crashes/"], "leaks/")
>>> read_table("leaks/", "groups").to_pandas()
>>> history = History("history.duckdb")
>>> history.ingest("leaks/")
>>> history.report().frame()

Needs ``pip install 'parked[fleet]'``. Nothing here is imported by ``import parked``, and nothing
here uses the C++ module: inputs are read by processes of their own. Names are imported when they
are first used, so that those processes start quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis import Plan, Summary, analyze, plan, run
    from .cluster import Place
    from .database import HistoryError
    from .fleet_report import FleetReport, Leak
    from .history import History, Options
    from .ingest import Ingested
    from .inputs import Input, InputsError, PathPattern, find_inputs
    from .owners import Owners, OwnersError, read_owners
    from .results import read_table
    from .settings import Settings
    from .states import Rule, State
    from .work import Job, Outcome, analyze_one

#: Where each name is.
_PLACES = {
    "FleetReport": "fleet_report",
    "History": "history",
    "HistoryError": "database",
    "Ingested": "ingest",
    "Input": "inputs",
    "InputsError": "inputs",
    "Job": "work",
    "Leak": "fleet_report",
    "Options": "history",
    "Outcome": "work",
    "Owners": "owners",
    "OwnersError": "owners",
    "PathPattern": "inputs",
    "Place": "cluster",
    "Plan": "analysis",
    "Rule": "states",
    "Settings": "settings",
    "State": "states",
    "Summary": "analysis",
    "analyze": "analysis",
    "analyze_one": "work",
    "find_inputs": "inputs",
    "plan": "analysis",
    "read_owners": "owners",
    "read_table": "results",
    "run": "analysis",
}

__all__ = [
    "FleetReport",
    "History",
    "HistoryError",
    "Ingested",
    "Input",
    "InputsError",
    "Job",
    "Leak",
    "Options",
    "Outcome",
    "Owners",
    "OwnersError",
    "PathPattern",
    "Place",
    "Plan",
    "Rule",
    "Settings",
    "State",
    "Summary",
    "analyze",
    "analyze_one",
    "find_inputs",
    "plan",
    "read_owners",
    "read_table",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f".{_PLACES[name]}", __name__), name)
