"""The metrics of validation and test for each kind of label, the most informative first."""

from tfapp.registry import load_object

# Kind of a `LabelSpec` -> metrics; each decides by `Metric.for_label` whether it suits a label.
_METRICS = {
    "class": (
        "tfapp.metrics.accuracy:TopKAccuracy",
        "tfapp.metrics.confusion:MacroF1",
        "tfapp.metrics.auc:AreasUnderCurves",
        "tfapp.metrics.log_loss:LogLoss",
        "tfapp.metrics.calibration:ExpectedCalibrationError",
        "tfapp.metrics.confusion:ConfusionMatrix",
    ),
    "multi_label": (
        "tfapp.metrics.label_sets:MicroF1",
        "tfapp.metrics.label_sets:MacroF1",
        "tfapp.metrics.label_sets:HammingLoss",
        "tfapp.metrics.label_areas:LabelAreas",
        "tfapp.metrics.label_sets:LabelLogLoss",
        "tfapp.metrics.label_sets:LabelCalibrationError",
    ),
    "real": ("tfapp.metrics.regression:R2",),
    "tokens": (),
}


def metrics_for(label):
    """The `Metric`s that suit a `LabelSpec`, a tuple; those of training are not among them."""
    found = (load_object(path, "task").for_label(label) for path in _METRICS[label.kind])
    return tuple(metric for metric in found if metric is not None)
