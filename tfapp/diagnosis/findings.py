"""From facts to findings: what is wrong, worst first, each with what to do about it."""

from tfapp.diagnosis import gpu_findings, host_findings, tensorflow_findings
from tfapp.diagnosis.finding import LEVELS


def find(facts):
    """All `Finding`s about `facts`, the worst first."""
    found = [
        *tensorflow_findings.find(facts),
        *gpu_findings.why_no_gpu(facts),
        *gpu_findings.find(facts),
        *host_findings.find(facts),
    ]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))
