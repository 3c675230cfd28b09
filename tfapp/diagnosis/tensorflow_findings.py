"""What is wrong with TensorFlow, XLA and the required packages."""

from tfapp.diagnosis.finding import ERROR, WARNING, Finding


def find(facts):
    """A list of `Finding`."""
    report = facts.tensorflow
    found = [finding for package in facts.packages for finding in _package(package)]
    if report.error and not _is_missing(facts, "tensorflow"):
        found.append(_not_importable(report.error))
    if report.xla_error:
        found.append(_xla(facts))
    return found


def _is_missing(facts, name):
    return any(p.name == name and not p.version for p in facts.packages)


def _package(package):
    remedy = f"pip install '{package.name}{package.tested}'"
    if not package.version:
        yield Finding(ERROR, f"{package.name} is not installed", remedy)
    elif not package.is_tested:
        what = f"{package.name} {package.version} is not what tfapp is tested with"
        yield Finding(WARNING, f"{what}: {package.tested}", remedy)


def _not_importable(error):
    if "signal 4" in error:
        fix = "the package needs a processor with AVX: use another one, or build TensorFlow"
    elif "signal" in error:
        fix = "look at the output of python -c 'import tensorflow'; reinstall it in a fresh venv"
    else:
        fix = "reinstall it in a fresh venv: pip install --force-reinstall tensorflow"
    return Finding(ERROR, f"TensorFlow cannot be imported: {error}", fix)


def _xla(facts):
    # XLA's GPU compiler finds these two in the nvcc package, or in an installed CUDA.
    if any(name in facts.tensorflow.xla_error for name in ("libdevice", "ptxas")):
        fix = "pip install 'tensorflow[and-cuda]', or XLA_FLAGS=--xla_gpu_cuda_data_dir=CUDA_FOLDER"
        return Finding(ERROR, f"XLA does not work: {facts.tensorflow.xla_error}", fix)
    given = [name for name in ("XLA_FLAGS", "TF_XLA_FLAGS") if facts.variable(name)]
    fix = f"unset {given[0]}, or train with --xla=off" if given else "train with --xla=off"
    return Finding(ERROR, f"XLA does not work: {facts.tensorflow.xla_error}", fix)
