"""What a model gives for a few real examples: checked, and read as logits or probabilities.

The rule: a softmax or sigmoid that ends the model is left out, the loss takes its input. Where none
can be seen, outputs that are probabilities on the examples are: their logarithms, clipped, count.
"""

import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.outputs import SMALLEST, Form, OutputReader
from tfapp.training.forward import forward
from tfapp.users_code import users_code

_ROUNDING = {tf.float32: 1e-3, tf.float64: 1e-3}  # by which a row's sum may differ from 1
_COARSE = 2e-2  # in bfloat16 and float16


def check_outputs(name, result, label, inputs, *, members=0, outputs=None):
    """Raises UsageError unless a model's outputs fit the label.

    Args:
      name: --model.
      result: what the model gave for two examples.
      label: a `LabelSpec`.
      inputs: what it was given, for the message.
      members: of an ensemble, see `tfapp.models.ensemble`; 0: the model is none.
      outputs: width that the task needs; None: that of the label.
    """
    width = label.num_outputs if outputs is None else outputs
    wanted = [2, *label.shape, width] if label.kind == "tokens" else [2, width]
    if members:
        wanted.insert(1, members)
    gives = f"--model={name}: gives"
    if not isinstance(result, tf.Tensor):
        kind = "nothing" if result is None else f"a {type(result).__name__}"
        remedy = "; its call lacks a return" if result is None else ""
        raise UsageError(
            f"{gives} {kind} for a batch of 2; a tensor of shape {wanted} is needed{remedy}"
        )
    if not result.dtype.is_floating:
        raise UsageError(f"{gives} {result.dtype.name} values; floating-point numbers are needed")
    if list(result.shape) == wanted or _is_one_unit(result, label):
        return
    hint = _flatten_hint(inputs) if result.shape.rank != len(wanted) else ""
    raise UsageError(
        f"{gives} shape {list(result.shape)} for a batch of 2; {wanted} is needed{hint}"
    )


def find_reader(name, model, result, label, examples):
    """How logits are read from a model's outputs.

    Args:
      name: --model.
      model: a `keras.Model` whose variables exist.
      result: what it gave for two examples, outside of training.
      label: a `LabelSpec`.
      examples: () -> inputs of more real examples.

    Returns:
      an `OutputReader`.

    Raises:
      UsageError: the model ends in a softmax, but gives something else in training.
    """
    if label.kind == "real":
        return OutputReader(as_they_are=True)
    one_unit, each = _is_one_unit(result, label), label.kind == "multi_label"
    if not _is_share(result):
        return OutputReader(one_unit=one_unit)
    inputs, alone = examples(), one_unit or each
    evaluated, _ = _form(model, inputs, alone, training=False)
    if evaluated is Form.LOGITS:
        return OutputReader(one_unit=one_unit)
    trained, outputs = _form(model, inputs, alone, training=True)
    if trained is Form.LOGITS and isinstance(outputs, tf.Tensor) and _are_positive(outputs):
        raise UsageError(
            f"--model={name}: gives {evaluated.value}, but in training neither these nor logits; "
            "let it end in the softmax, or in the logits"
        )
    return OutputReader(evaluated, trained, one_unit, each=each)


def describe(reader, label):
    """What is read from the outputs, a sentence for the log; "" for logits and values."""
    text = {
        Form.LOGITS: "",
        Form.SOFTMAX: "ends in a softmax; the loss takes the softmax's input",
        Form.SIGMOID: "ends in a sigmoid; the loss takes the sigmoid's input as the logits "
        "of a softmax, since an example has one class",
        Form.PROBABILITIES: "gives probabilities (no softmax is seen at its end, but rows "
        f"of real examples sum to 1); the loss takes their logarithms, clipped at {SMALLEST:g}",
    }[reader.evaluated]
    if label.kind == "multi_label":
        text = {
            Form.LOGITS: "",
            Form.SOFTMAX: "ends in a softmax; the loss takes its input as one logit a label, since "
            "an example may have several",
            Form.SIGMOID: "ends in a sigmoid; the loss takes the sigmoid's input",
        }.get(
            reader.evaluated,
            "gives probabilities (all between 0 and 1 on real examples); the loss takes their "
            f"log-odds, clipped at {SMALLEST:g}",
        )
    if reader.one_unit:
        second = label.class_names[1]
        text = {
            Form.LOGITS: f"its one output is the logit of the class {second!r}",
            Form.SIGMOID: "ends in a sigmoid; the loss takes the sigmoid's input as the "
            f"logit of the class {second!r}",
        }.get(
            reader.evaluated,
            f"gives the probability of the class {second!r} (all between 0 and 1 on real "
            f"examples); the loss takes its log-odds, clipped at {SMALLEST:g}",
        )
    if text and reader.trained is Form.LOGITS and reader.evaluated is not Form.LOGITS:
        text += "; in training it gives logits"
    return text


def _is_one_unit(result, label):
    """Whether the outputs are one number an example, for the second of two classes."""
    return label.kind == "class" and label.num_classes == 2 and list(result.shape) == [2, 1]


def _is_share(outputs):
    """Whether all are between 0 and 1, and not all 0, as those of a layer that begins at zero."""
    inside = tf.reduce_all((outputs >= 0) & (outputs <= 1))
    return bool(inside & tf.reduce_any(outputs > 0))


def _are_positive(outputs):
    return bool(tf.reduce_all(outputs >= 0))


def _form(model, inputs, alone, *, training):
    """(`Form`, outputs) of the model for some examples; no variable changes.

    `alone`: each output is a probability by itself, so that a row need not sum to 1.
    """
    seen = []

    @tf.function(autograph=False)
    def call(trainable, non_trainable):
        called = forward(model, trainable, non_trainable, inputs, training=training)
        seen.append(called.activation)
        return called.outputs

    verb = "trained" if training else "evaluated"
    with users_code(f"the model {type(model).__name__} cannot be {verb}"):
        outputs = call(
            [tf.convert_to_tensor(v.value) for v in model.trainable_variables],
            [tf.convert_to_tensor(v.value) for v in model.non_trainable_variables],
        )
    if seen[-1] is not None:
        return Form[seen[-1].name.upper()], outputs
    if isinstance(outputs, tf.Tensor) and _are_probabilities(outputs, alone):
        return Form.PROBABILITIES, outputs
    return Form.LOGITS, outputs


def _are_probabilities(outputs, alone):
    values = np.asarray(tf.cast(outputs, tf.float32), np.float64)
    if alone:
        return bool(((values > 0) & (values < 1)).all())
    rounding = _ROUNDING.get(outputs.dtype, _COARSE)
    return bool((values >= 0).all() and (np.abs(values.sum(-1) - 1) <= rounding).all())


def _flatten_hint(inputs):
    """What helps a model that keeps the shape of an image."""
    shapes = [list(tensor.shape[1:]) for tensor in tf.nest.flatten(inputs)]
    if not any(len(shape) > 1 for shape in shapes):
        return ""
    shape = next(shape for shape in shapes if len(shape) > 1)
    return (
        f"; it has no Flatten for examples of shape {shape}: add keras.layers.Flatten(), or use "
        "--flatten, which gives it vectors"
    )
