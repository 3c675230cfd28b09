"""What an exporter writes: a model with the preprocessing of its inputs and the reading of outputs.

It is three functions, because strings and look-ups do not convert to every runtime while the
numeric core does:

    inputs  = servable.preprocess(features)       raw features, as a user has them -> numbers
    outputs = servable.core(inputs)               numbers and weights only
    answers = servable.answers(outputs, inputs)   probabilities, names of classes, ...

Each runs eagerly, or inside a tf.function of the exporter. For a runtime that has no strings and
look-ups, preprocessing is divided once more: `encode` makes numbers of each feature by itself (ids
of categories and tokens; what is a number already stays as it is), and the rest is arithmetic:

    outputs = servable.numeric(servable.encode(features))
"""

import contextlib
import functools

import tensorflow as tf

from tfapp.export.argument_names import argument_names
from tfapp.export.kept_weights import KeptWeights, Packed, forms_of
from tfapp.export.prepared_weights import PreparedWeights
from tfapp.models.cached_decoder import CachedDecoder
from tfapp.models.ensemble import members_of
from tfapp.models.outputs import READS_LOGITS
from tfapp.runtime import private_api
from tfapp.runtime.fused import uncompiled
from tfapp.training.forward import forward


class Servable:
    """The three functions over one copy of the weights.

    Keras's own export keeps a second copy of every weight (keras#23553); plain variables and a
    stateless call keep one, in host memory. A servable that is tried before training is kept
    without them until the final weights are assigned to it; see `release`.
    """

    def __init__(
        self,
        *,
        model,
        weights,
        preprocess,
        task,
        spec,
        read_outputs=READS_LOGITS,
        draw_calibration=dict,
        stored_in="float32",
        quantization=None,
        in_float32=None,
    ):
        """Call outside of a strategy's scope.

        Args:
          model: a built `keras.Model`.
          weights: (values of its trainable variables, values of the others), in their order.
          preprocess: a `tfapp.data.preprocessing.Preprocessing`.
          task: turns outputs into answers; see `tfapp.tasks`.
          spec: a `DataSpec`; its features are what the model serves.
          read_outputs: the model's `OutputReader`.
          draw_calibration: () -> what `calibration` gives; called if a format needs it.
          stored_in: type in which float32 weights of two dimensions or more are kept and written:
            "float32", "bfloat16" or "float16". They are rounded once; the model gets them in
            float32 again.
          quantization: the `Quantization` whose kernels are kept as packed numbers; None: none.
          in_float32: a `Servable` of the same weights whose model computes in float32, for formats
            that have nothing else; None: this one does. It is assigned and released with this one.
        """
        self.spec = spec
        self._draw_calibration = draw_calibration
        self.model_name = type(model).__name__
        # Feature -> name of the argument, an identifier, that exported functions take it as.
        self.argument_names = argument_names([feature.name for feature in spec.features])
        self._model = model
        self._preprocess = preprocess
        self._task = task
        self._read_outputs = read_outputs
        self.in_float32 = in_float32 or self
        kept_in = tf.as_dtype(stored_in)
        trainable, others = (forms_of(values, kept_in) for values in weights)
        if quantization is not None:
            for kernel in quantization.kernels:
                form = Packed(quantization.grid, kernel.outputs_axis, tf.TensorShape(kernel.shape))
                trainable[kernel.position] = form
        self._prepared = PreparedWeights(model, weights, kept_in)
        for position, form in self._prepared.replaced.items():
            trainable[position] = form
        self._trainable = KeptWeights(weights[0], trainable, trainable=True)
        self._others = KeptWeights(weights[1], others, trainable=False)
        # Feature -> tf.TensorSpec [None, ...] of its raw values, named as its argument.
        self.feature_specs = {
            f.name: self._tensor_spec(f.name, f.shape, f.dtype) for f in spec.features
        }
        # Traced once for all functions that are made of it.
        self._model_once = tf.function(self._call_model, autograph=False)
        self._serve = self._traced()

    def preprocess(self, features):
        """Raw features -> what the model takes.

        Args:
          features: name -> tensor [batch, ...], as in `feature_specs`.

        Returns:
          numeric tensors [batch, ...] in the structure of `input_specs`.
        """
        return self._preprocess(self._preprocess.encode(features))

    def encode(self, features):
        """Raw features -> feature -> numeric tensor [batch, ...], as in `encoded_specs`."""
        return self._preprocess.encode(features, pack=False)

    def packed(self, encoded):
        """Encoded features -> what the model takes, as `preprocess` gives it."""
        return self._preprocess(encoded)

    def numeric(self, encoded):
        """Encoded features -> logits or values: all that is arithmetic."""
        return self.core(self.packed(encoded))

    def core(self, inputs):
        """The model: numeric tensors in the structure of `input_specs` -> logits or values."""
        return self._model_once(inputs)

    def _call_model(self, inputs):
        with uncompiled(), self._prepared.used():
            called = forward(
                self._model,
                self._trainable.read(),
                self._others.read(),
                inputs,
                training=False,
            )
        outputs = self._read_outputs(called.outputs, called.activation, training=False)
        return self._task.combine(outputs) if members_of(self._model) else outputs

    @property
    def trainable_weights(self):
        """tf.Variables that hold the weights, and what layers have made of weights, a tuple."""
        return (*self._trainable.variables, *self._prepared.variables)

    @property
    def other_weights(self):
        """The same of weights that are not trained."""
        return self._others.variables

    @property
    def decodes(self):
        """Whether it is a language model that keeps what it has read: `read` and `step`."""
        return self.spec.label.kind == "tokens" and isinstance(self._model, CachedDecoder)

    @property
    def tokens(self):
        """Feature -> the `Tokens` by which a language model cuts its text; else empty."""
        return self._preprocess.transforms if self.spec.label.kind == "tokens" else {}

    def read(self, ids):
        """See `CachedDecoder`; only if `decodes`."""
        with self._own_weights():
            return self._model.read(ids)

    def step(self, ids, positions, cache):
        """See `CachedDecoder`; only if `decodes`."""
        with self._own_weights():
            return self._model.step(ids, positions, cache)

    @contextlib.contextmanager
    def _own_weights(self):
        """Inside, parts of the model compute with the weights that are served."""
        values = private_api.VariableValues(
            zip(self._model.trainable_variables, self._trainable.read(), strict=True),
            zip(self._model.non_trainable_variables, self._others.read(), strict=True),
        )
        with uncompiled(), self._prepared.used(), values:
            yield

    def answers(self, outputs, inputs):
        """The model's outputs, and the inputs they are for -> name of an answer -> [batch, ...]."""
        return self._task.answers(outputs, inputs)

    def serve(self, features):
        """Raw features -> answers: the three functions, traced once for batches of any size.

        Args:
          features: name -> tensor or NumPy array [batch, ...].
        """
        return self._serve(
            {
                name: tf.convert_to_tensor(features[name], spec.dtype)
                for name, spec in self.feature_specs.items()
            }
        )

    @property
    def answer_specs(self):
        """Name of an answer -> tf.TensorSpec [None, ...]."""
        return self._serve.get_concrete_function().structured_outputs

    def answer_by(self, task):
        """Replaces the task, and with it the answers; the weights stay."""
        self._task = task
        self._serve = self._traced()

    def assign(self, weights):
        """Replaces the weights, given as to the constructor; nothing is traced again."""
        self._trainable.assign(weights[0])
        self._others.assign(weights[1])
        self._prepared.assign(weights)
        if self.in_float32 is not self:
            self.in_float32.assign(weights)

    def release(self):
        """Frees the weights' memory; before it serves again, `assign` must be called."""
        self._trainable.release()
        self._others.release()
        self._prepared.release()
        if self.in_float32 is not self:
            self.in_float32.release()

    @property
    def input_specs(self):
        """tf.TensorSpec [None, ...] of what `core` takes: one, or feature -> its own."""
        specs = {
            s.name: tf.TensorSpec(
                [None, *s.shape], s.dtype, name=self.argument_names.get(s.name, s.name)
            )
            for s in self._preprocess.input_specs(self.spec)
        }
        return specs if len(specs) > 1 else next(iter(specs.values()))

    @property
    def transforms(self):
        """Feature -> its `tfapp.data.preprocessing.transform.Transform`."""
        return self._preprocess.transforms

    @property
    def target(self):
        """The `tfapp.data.preprocessing.target.Target` of a real label; None for others."""
        return self._preprocess.target

    @functools.cached_property
    def calibration(self):
        """Feature -> NumPy [n, ...]: encoded examples of the training split, some hundred.

        Formats with rounded activations find their ranges on them.
        """
        return self._draw_calibration()

    @functools.cached_property
    def encoded_specs(self):
        """Feature -> tf.TensorSpec [None, ...] of what `numeric` takes, named as its argument."""
        encode = tf.function(self.encode, autograph=False)
        outputs = encode.get_concrete_function(self.feature_specs).structured_outputs
        return {n: self._tensor_spec(n, s.shape[1:], s.dtype) for n, s in outputs.items()}

    def _tensor_spec(self, name, shape, dtype):
        return tf.TensorSpec([None, *shape], dtype, name=self.argument_names[name])

    def _traced(self):
        return tf.function(self._compose, input_signature=[self.feature_specs], autograph=False)

    def _compose(self, features):
        inputs = self.preprocess(features)
        return self.answers(self.core(inputs), inputs)
