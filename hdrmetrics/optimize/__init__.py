"""Settings tuned by quality: any operator, any metric, by gradients or by evolution.

Examples
--------
>>> import torch
>>> from hdrmetrics.optimize import Budget, Plan, optimize_tonemap
>>> light = torch.logspace(-1, 3, 64).expand(1, 3, 64, 64)
>>> found = optimize_tonemap(light, "drago03", "nima", plan=Plan(Budget(6)), judge=None)
>>> sorted(found.settings)
['bias', 'peak']
"""

from hdrmetrics.optimize.base_layer import OptimizedBaseLayer as OptimizedBaseLayer
from hdrmetrics.optimize.base_layer import optimize_base_layer as optimize_base_layer
from hdrmetrics.optimize.best import Best as Best
from hdrmetrics.optimize.best import best_operator as best_operator
from hdrmetrics.optimize.budget import Budget as Budget
from hdrmetrics.optimize.expansion import optimize_expansion as optimize_expansion
from hdrmetrics.optimize.grid import GridPlan as GridPlan
from hdrmetrics.optimize.grid import TunedGrid as TunedGrid
from hdrmetrics.optimize.grid import optimize_grid as optimize_grid
from hdrmetrics.optimize.objective import Objective as Objective
from hdrmetrics.optimize.result import Optimized as Optimized
from hdrmetrics.optimize.search import Plan as Plan
from hdrmetrics.optimize.search import search as search
from hdrmetrics.optimize.space import Space as Space
from hdrmetrics.optimize.tonemapping import optimize_tonemap as optimize_tonemap
from hdrmetrics.optimize.trace import Trial as Trial

__all__ = [
    "Best",
    "Budget",
    "GridPlan",
    "Objective",
    "Optimized",
    "OptimizedBaseLayer",
    "Plan",
    "Space",
    "Trial",
    "TunedGrid",
    "best_operator",
    "optimize_base_layer",
    "optimize_expansion",
    "optimize_grid",
    "optimize_tonemap",
    "search",
]
