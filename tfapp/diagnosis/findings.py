"""Derives findings from facts: what is wrong, worst first, each with its remedy."""

from tfapp.diagnosis import gpu_findings, host_findings, load_findings, tensorflow_findings
from tfapp.diagnosis.finding import LEVELS


def find(facts):
    """All `Finding`s for `facts`, worst first."""
    found = [
        *tensorflow_findings.find(facts),
        *gpu_findings.why_no_gpu(facts),
        *gpu_findings.find(facts),
        *host_findings.find(facts),
        *load_findings.find(facts),
    ]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))
