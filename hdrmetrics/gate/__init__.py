"""The quality gate: whether pictures are as good as they must be, or as they once were."""

from hdrmetrics.gate.evaluation import evaluate_quality as evaluate_quality
from hdrmetrics.gate.report import write_report as write_report
from hdrmetrics.gate.result import GateReport as GateReport
