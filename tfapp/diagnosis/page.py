"""The doctor's page: findings first, then the facts that they follow from."""

import textwrap

from tfapp.diagnosis import load_findings, precision
from tfapp.diagnosis.finding import ERROR, WARNING

_WIDTH = 100
_INDENT = 20


def page(facts, findings):
    """The page as text."""
    return "\n".join([*_findings(findings), "", *_facts(facts)])


def _findings(findings):
    lines = [] if any(f.level in (ERROR, WARNING) for f in findings) else ["no problems found"]
    for finding in findings:
        lines += _row(finding.level, finding.what)
        lines += _row("", f"-> {finding.fix}")
    return lines


def _facts(facts):
    rows = [
        *_software(facts),
        *_gpu_rows(facts),
        *_speed(facts.tensorflow),
        *_host(facts.host),
        *_load(facts),
        *((folder.purpose, _folder(folder)) for folder in facts.folders),
        *(("variable", f"{name}={value}") for name, value in facts.environment),
    ]
    return [line for name, value in rows for line in _row(name, value)]


def _row(name, text):
    lines = textwrap.wrap(text, _WIDTH - _INDENT - 3, break_on_hyphens=False) or [""]
    first = f"{name:<{_INDENT}}  {lines[0]}".rstrip()
    return [first, *(f"{'':<{_INDENT}}  {line}" for line in lines[1:])]


def _software(facts):
    report = facts.tensorflow
    built = f"CUDA {report.cuda_version}, cuDNN {report.cudnn_version}"
    if report.error:
        yield "TensorFlow", f"cannot be imported: {report.error}"
    else:
        took = f"imported in {report.import_seconds:.1f} s, " if report.import_seconds else ""
        yield "TensorFlow", f"{took}built {'with ' + built if report.cuda_version else 'for CPUs'}"
    yield "Python", facts.host.python
    for package in facts.packages:
        verdict = "tested: " if package.is_tested else "NOT TESTED, but "
        tested = f" ({verdict}{package.tested})" if package.tested else ""
        yield package.name, f"{package.version or 'not installed'}{tested}"


def _gpu_rows(facts):
    host, library = facts.host, facts.driver_library
    known = f"CUDA {library.version}" if library.version else "libcuda.so.1 not loaded"
    yield "driver", f"{host.driver} ({known})" if host.driver else f"none ({known})"
    loaded = [f"{x.name} {x.version}".strip() for x in facts.libraries if not x.error]
    missing = [x.name for x in facts.libraries if x.error]
    if loaded:
        yield "libraries", f"found: {', '.join(loaded)}"
    if missing:
        yield "libraries", f"not found: {', '.join(missing)}"
    for device in facts.tensorflow.devices:
        capability = device.compute_capability
        details = [f"compute capability {capability}"] if capability else []
        details += [f"{device.memory_bytes / 2**30:.1f} GiB"] if device.memory_bytes else []
        name = device.name if device.kind in device.name else f"{device.kind} {device.name}"
        yield "device", ", ".join([name, *details])
    if len(facts.gpus) > 1:
        error = facts.tensorflow.reduction_error
        yield "NCCL", error or f"adds over {len(facts.gpus)} GPUs"


def _speed(report):
    if report.xla_error or report.xla_seconds:
        works = f"works (a first small program took {report.xla_seconds:.2f} s)"
        yield "XLA", report.xla_error or works
    rates = [f"{p.dtype} {p.rate / 1e9:,.0f} GFLOP/s" for p in report.products]
    if rates:
        yield "products", ", ".join(rates)
    if verdict := precision.verdict(report.products):
        yield "precision", verdict


def _host(host):
    limit = f", of which {host.core_limit:g} may be used" if host.core_limit else ""
    yield "processor", f"{host.processor}, {host.cores} cores{limit}"
    yield "features", " ".join(host.processor_flags) or "none that speed up training"
    limit = f", limited to {_gib(host.memory_limit)}" if host.memory_limit else ""
    yield "memory", f"{_gib(host.memory_available)} free of {_gib(host.memory_bytes)}{limit}"
    yield "/dev/shm", _gib(host.shm_bytes)
    yield "container", host.container or "none"


def _load(facts):
    load = facts.load
    if load.seconds:
        busy = f"{load.busy_cores:.1f} of {facts.host.cores} cores in use by others"
        named = load_findings.neighbours(load)
        yield "load", f"average {load.average:.1f}, {busy}{f': {named}' if named else ''}"


def _folder(folder):
    state = f"{_gib(folder.free_bytes)} free" if folder.writable else "cannot be written"
    return f"{folder.path}: {state}"


def _gib(size):
    return f"{size / 2**30:.1f} GiB"
