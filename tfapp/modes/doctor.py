"""--mode=doctor: one page about this machine, and what is wrong with it."""

import dataclasses
import json

from tfapp.diagnosis import gpu_findings, load, page
from tfapp.diagnosis.findings import find
from tfapp.diagnosis.gather import gather
from tfapp.diagnosis.tensorflow_report import measure
from tfapp.errors import DeviceError
from tfapp.runtime import output


def main(config):
    """Prints the page, or one JSON object with --json. Raises DeviceError for --require_gpu."""
    seen, report = load.watched(measure)
    facts = gather(report, load=seen, model_dir=config.model_dir, data_dir=config.data_dir)
    findings = find(facts)
    output.answer(_as_json(facts, findings) if config.json else page.page(facts, findings))
    if config.require_gpu and not facts.gpus:
        reasons = gpu_findings.why_no_gpu(facts) or findings
        raise DeviceError(f"--require_gpu: TensorFlow sees no GPU: {reasons[0]}")


def _as_json(facts, findings):
    value = {
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "facts": dataclasses.asdict(facts),
    }
    return json.dumps(value)
