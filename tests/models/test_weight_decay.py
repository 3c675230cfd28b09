"""Which weights decay: kernels do; biases, normalisation and learned positions do not."""

import keras
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.models.weight_decay import NamesDecayedWeights, by_layer_type, decayed_weights
from tfapp.spec import InputSpec

SEQUENCE = (2, 6, 8)  # [batch, length, width]


def names(model):
    """Paths of the weights that decay, without the model's own name."""
    return [variable.path.partition("/")[2] for variable in decayed_weights(model)]


def called(layer, shape):
    model = keras.Sequential([layer])
    model(tf.zeros(shape))
    return model


class Transformer(NamesDecayedWeights, keras.Model):
    """One block; positions are learned as a bare weight and, in pairs, by an Embedding layer."""

    def __init__(self):
        super().__init__()
        self.tokens = keras.layers.Embedding(11, 8, name="tokens")
        self.pairs = keras.layers.Embedding(3, 8, name="pairs")
        self.norm = keras.layers.LayerNormalization(name="norm")
        self.attention = keras.layers.MultiHeadAttention(2, 4, name="attention")
        self.head = keras.layers.Dense(5, name="head")

    def build(self, shape):
        self.positions = self.add_weight((shape[1], 8), "random_normal", name="positions")

    def decayed_weights(self):
        return by_layer_type(self, without=[self.positions, self.pairs.embeddings])

    def call(self, ids):
        places = tf.range(tf.shape(ids)[1]) // 2
        x = self.norm(self.tokens(ids) + self.positions + self.pairs(places))
        return self.head(x + self.attention(x, x))


def test_learned_positions_do_not_decay():
    model = Transformer()
    model(tf.zeros((2, 6), tf.int32))
    assert [v.path.partition("/")[2] for v in model.trainable_variables][:1] == ["positions"]
    assert names(model) == [
        "tokens/embeddings",
        "attention/query/kernel",
        "attention/key/kernel",
        "attention/value/kernel",
        "attention/attention_output/kernel",
        "head/kernel",
    ]


def test_a_layer_decides_for_itself_inside_any_model():
    model = called(Transformer(), (2, 6))
    paths = [variable.path for variable in decayed_weights(model)]
    assert len(paths) == 6
    assert not any("positions" in path or "pairs" in path for path in paths)


@pytest.mark.parametrize(
    "layer, shape, decayed",
    [
        (keras.layers.Dense(3), (2, 4), ["kernel"]),
        (keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), SEQUENCE,
         ["kernel"]),
        (keras.layers.Conv2D(3, 3), (2, 5, 5, 1), ["kernel"]),
        (keras.layers.SeparableConv1D(3, 3), SEQUENCE, ["depthwise_kernel", "pointwise_kernel"]),
        (keras.layers.GRU(3), SEQUENCE, ["gru_cell/kernel", "gru_cell/recurrent_kernel"]),
        (keras.layers.LSTM(3), SEQUENCE, ["lstm_cell/kernel", "lstm_cell/recurrent_kernel"]),
        (keras.layers.BatchNormalization(), SEQUENCE, []),
        (keras.layers.LayerNormalization(axis=(1, 2)), SEQUENCE, []),
        (keras.layers.RMSNormalization(axis=(1, 2)), SEQUENCE, []),
        (keras.layers.PReLU(), SEQUENCE, []),
        (keras.layers.Embedding(5, 3), (2, 4), ["embeddings"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else "",
)  # fmt: skip
def test_rule_by_layer_type(layer, shape, decayed):
    paths = [variable.path for variable in decayed_weights(called(layer, shape))]
    assert [path.partition(f"{layer.name}/")[2] for path in paths] == decayed


class OwnWeights(keras.layers.Layer):
    def build(self, shape):
        self.matrix = self.add_weight((shape[-1], 3), name="matrix")
        self.vector = self.add_weight((3,), name="vector")
        self.scalar = self.add_weight((), name="scalar")

    def call(self, x):
        return x @ self.matrix * self.scalar + self.vector


def test_of_a_layer_of_a_users_own_matrices_decay():
    layer = OwnWeights()
    (matrix,) = decayed_weights(called(layer, (2, 4)))
    assert matrix is layer.matrix


def test_frozen_weights_do_not_decay():
    frozen, head = keras.layers.Dense(3, trainable=False), keras.layers.Dense(2)
    model = keras.Sequential([frozen, head])
    model(tf.zeros((2, 4)))
    (kernel,) = decayed_weights(model)
    assert kernel is head.kernel


class NamesItsVector(NamesDecayedWeights, OwnWeights):
    def decayed_weights(self):
        return [self.vector]


def test_what_is_named_decays_unless_it_is_frozen():
    layer = NamesItsVector()
    model = called(layer, (2, 4))
    (vector,) = decayed_weights(model)
    assert vector is layer.vector
    layer.trainable = False
    assert decayed_weights(model) == []


class NamesAnothers(NamesDecayedWeights, OwnWeights):
    def decayed_weights(self):
        return [keras.Variable([[1.0]], name="stranger")]


def test_only_its_own_weights_can_be_named():
    model = called(NamesAnothers(), (2, 4))
    with pytest.raises(UsageError, match=r"NamesAnothers.decayed_weights names .*stranger"):
        decayed_weights(model)


def test_frequencies_of_a_tabular_model_do_not_decay():
    inputs = (InputSpec("age", "numeric", (), "float32"), InputSpec("town", "ids", (), "int32", 5))
    model = build_model("tabular", {"hidden": 8, "depth": 1}, outputs=3, inputs=inputs)
    model({"age": tf.zeros(2), "town": tf.zeros(2, tf.int32)})
    decayed = {id(variable) for variable in decayed_weights(model)}
    assert id(model.numbers.frequencies) not in decayed
    assert id(model.numbers.project.kernel) in decayed
    assert id(model.embeddings["town"].embeddings) in decayed
    assert id(model.logits.kernel) in decayed
    assert id(model.logits.bias) not in decayed
