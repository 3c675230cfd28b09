"""How each layer of keras.layers is tried: a table of `Case`s, and of what is left out and why.

Writes docs/keras-layers.md: python -m tests.training.keras_layers > docs/keras-layers.md
"""

import keras

from tests.training.layer_model import REFUSED, RUNS, Case

L = keras.layers


def pair(layer, x, training):
    del training
    return layer([x, 1.0 - x])


def attend(layer, x, training):
    return layer(x, 1.0 - x, training=training)


def attend_list(layer, x, training):
    return layer([x, 1.0 - x], training=training)


def masked(layer, x, training):
    del training
    return layer(x * keras.ops.cast(keras.ops.arange(5) < 3, "float32")[None, :, None])


def cell(layer, x, training):
    states = layer.get_initial_state(batch_size=8)
    return layer(x, states, training=training)[0]


def mean_of_image(layer, x, training):
    return keras.ops.mean(layer(x, training=training), axis=(1, 2))


def scaled(layer, x, training):
    del training
    return 0.01 * layer(x)  # to the size that a head learns from


def lora(layer):
    layer.enable_lora(2)


def pool(kind, suffix=""):
    """Cases of a pooling layer in one, two and three dimensions."""
    shapes = {1: "sequence", 2: "image", 3: "volume"}
    return {f"{kind}{n}D{suffix}": shape for n, shape in shapes.items()}


CASES = {
    # Dense and embeddings.
    "Dense": Case(lambda: L.Dense(4, "relu", kernel_regularizer="l2")),
    "Dense, LoRA": Case(lambda: L.Dense(4), after_build=lora),
    "EinsumDense": Case(lambda: L.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"), "sequence"),
    "EinsumDense, LoRA": Case(
        lambda: L.EinsumDense("abc,cd->abd", (None, 3)), "sequence", after_build=lora
    ),
    "Embedding": Case(lambda: L.Embedding(10, 4), "tokens", train_before=False),
    "Embedding, LoRA": Case(
        lambda: L.Embedding(10, 4), "tokens", train_before=False, after_build=lora
    ),
    "Embedding, masked": Case(
        lambda: keras.Sequential([L.Embedding(10, 4, mask_zero=True), L.LSTM(3)]),
        "tokens",
        train_before=False,
    ),
    "ReversibleEmbedding": Case(
        lambda: L.ReversibleEmbedding(10, 4),
        "tokens",
        lambda layer, x, _: layer(layer(x), reverse=True),
        train_before=False,
    ),
    # Activations and shapes.
    "Activation": Case(lambda: L.Activation("gelu")),
    "ActivityRegularization": Case(lambda: L.ActivityRegularization(l1=0.01, l2=0.1)),
    "ELU": Case(L.ELU),
    "LeakyReLU": Case(L.LeakyReLU),
    "PReLU": Case(L.PReLU),
    "ReLU": Case(lambda: L.ReLU(max_value=0.5)),
    "Softmax": Case(L.Softmax),
    "Identity": Case(L.Identity),
    "Lambda": Case(lambda: L.Lambda(lambda x: x * 2.0, output_shape=(6,))),
    "Flatten": Case(L.Flatten, "image"),
    "Permute": Case(lambda: L.Permute((2, 1)), "sequence"),
    "RepeatVector": Case(lambda: L.RepeatVector(3)),
    "Reshape": Case(lambda: L.Reshape((2, 3))),
    "Rescaling": Case(lambda: L.Rescaling(2.0, 1.0)),
    # Merging.
    **{
        name: Case(getattr(L, name), "vector", pair)
        for name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
    },
    "Dot": Case(lambda: L.Dot(axes=1), "vector", pair),
    # Convolutions.
    "Conv1D": Case(lambda: L.Conv1D(3, 3), "sequence"),
    "Conv2D": Case(lambda: L.Conv2D(3, 3), "image"),
    "Conv2D, LoRA": Case(lambda: L.Conv2D(3, 3), "image", after_build=lora),
    "Conv3D": Case(lambda: L.Conv3D(3, 3), "volume"),
    "Conv1DTranspose": Case(lambda: L.Conv1DTranspose(3, 3), "sequence"),
    "Conv2DTranspose": Case(lambda: L.Conv2DTranspose(3, 3), "image"),
    "Conv3DTranspose": Case(lambda: L.Conv3DTranspose(3, 3), "volume"),
    "DepthwiseConv1D": Case(lambda: L.DepthwiseConv1D(3), "sequence"),
    "DepthwiseConv2D": Case(lambda: L.DepthwiseConv2D(3), "image"),
    "SeparableConv1D": Case(lambda: L.SeparableConv1D(3, 3), "sequence"),
    "SeparableConv2D": Case(lambda: L.SeparableConv2D(3, 3), "image"),
    "ConvLSTM1D": Case(lambda: L.ConvLSTM1D(2, 3, dropout=0.2), "frames1"),
    "ConvLSTM2D": Case(lambda: L.ConvLSTM2D(2, 3), "frames2"),
    "ConvLSTM3D": Case(lambda: L.ConvLSTM3D(2, 2), "frames3"),
    # Pooling, cropping, padding.
    **{
        name: Case(getattr(L, name), shape)
        for kind in (
            "GlobalAveragePooling",
            "GlobalMaxPooling",
            "Cropping",
            "UpSampling",
            "ZeroPadding",
        )
        for name, shape in pool(kind).items()
    },
    **{
        name: Case(lambda name=name: getattr(L, name)(2), shape)
        for kind in ("AveragePooling", "MaxPooling", "AdaptiveAveragePooling", "AdaptiveMaxPooling")
        for name, shape in pool(kind).items()
    },
    # Normalisation.
    "BatchNormalization": Case(lambda: L.BatchNormalization(momentum=0.5), "image"),
    "BatchNormalization, masked": Case(
        lambda: keras.Sequential([L.Masking(), L.BatchNormalization(momentum=0.5)]),
        "sequence",
        masked,
    ),
    "GroupNormalization": Case(lambda: L.GroupNormalization(3), "image"),
    "LayerNormalization": Case(L.LayerNormalization),
    "RMSNormalization": Case(L.RMSNormalization),
    "UnitNormalization": Case(L.UnitNormalization),
    "SpectralNormalization": Case(lambda: L.SpectralNormalization(L.Dense(4))),
    "SpectralNormalization, convolution": Case(
        lambda: L.SpectralNormalization(L.Conv2D(3, 3), power_iterations=2), "image"
    ),
    "Normalization": Case(lambda: L.Normalization(mean=0.5, variance=2.0)),
    # Randomness.
    "Dropout": Case(lambda: L.Dropout(0.5, seed=1)),
    "AlphaDropout": Case(lambda: L.AlphaDropout(0.5, seed=1)),
    "GaussianDropout": Case(lambda: L.GaussianDropout(0.5, seed=1)),
    "GaussianNoise": Case(lambda: L.GaussianNoise(0.5, seed=1)),
    **{
        name: Case(lambda name=name: getattr(L, name)(0.5, seed=1), shape)
        for name, shape in pool("SpatialDropout").items()
    },
    # Attention.
    "Attention": Case(lambda: L.Attention(use_scale=True, dropout=0.2), "sequence", attend_list),
    "AdditiveAttention": Case(lambda: L.AdditiveAttention(), "sequence", attend_list),
    "MultiHeadAttention": Case(lambda: L.MultiHeadAttention(2, 3, dropout=0.2), "sequence", attend),
    "GroupQueryAttention": Case(
        lambda: L.GroupQueryAttention(4, 4, 2, dropout=0.2), "sequence", attend
    ),
    # Recurrent layers.
    "SimpleRNN": Case(lambda: L.SimpleRNN(3), "sequence"),
    "SimpleRNN, dropout": Case(
        lambda: L.SimpleRNN(3, dropout=0.2, recurrent_dropout=0.2, seed=1), "sequence"
    ),
    "GRU": Case(lambda: L.GRU(3, return_sequences=True), "sequence"),
    "GRU, dropout": Case(lambda: L.GRU(3, dropout=0.2, recurrent_dropout=0.2, seed=1), "sequence"),
    "LSTM": Case(lambda: L.LSTM(3), "sequence"),
    "LSTM, dropout": Case(
        lambda: L.LSTM(3, dropout=0.2, recurrent_dropout=0.2, seed=1), "sequence"
    ),
    "LSTM, unrolled": Case(lambda: L.LSTM(3, unroll=True), "sequence"),
    "LSTM, stateful": Case(
        lambda: L.LSTM(3, stateful=True),
        "sequence",
        result=REFUSED,
        why="batches are drawn at random: no sequence goes on in the next batch",
    ),
    "RNN": Case(lambda: L.RNN(L.LSTMCell(3)), "sequence"),
    "SimpleRNNCell": Case(lambda: L.SimpleRNNCell(3), "vector", cell),
    "GRUCell": Case(lambda: L.GRUCell(3), "vector", cell),
    "LSTMCell": Case(lambda: L.LSTMCell(3), "vector", cell),
    "StackedRNNCells": Case(
        lambda: L.RNN(L.StackedRNNCells([L.GRUCell(3), L.LSTMCell(2)])), "sequence"
    ),
    "Bidirectional": Case(lambda: L.Bidirectional(L.GRU(3)), "sequence"),
    "TimeDistributed": Case(lambda: L.TimeDistributed(L.Dense(3)), "sequence"),
    "TimeDistributed, statistics": Case(
        lambda: L.TimeDistributed(L.BatchNormalization(momentum=0.5)), "sequence"
    ),
    "Masking": Case(lambda: keras.Sequential([L.Masking(), L.LSTM(3)]), "sequence", masked),
    # Images.
    "RandomCrop": Case(lambda: L.RandomCrop(4, 4, seed=1), "image", mean_of_image),
    "CenterCrop": Case(lambda: L.CenterCrop(4, 4), "image"),
    "Resizing": Case(lambda: L.Resizing(4, 4), "image"),
    **{
        name: Case(lambda name=name, args=args: getattr(L, name)(*args, seed=1), "image")
        for name, args in {
            "RandomBrightness": (0.5, (0, 1)),
            "RandomContrast": (0.5, (0, 1)),
            "RandomShear": (0.2, 0.2),
            "RandomGrayscale": (0.5,),
            "RandomPerspective": (0.5,),
            "RandomFlip": (),
            "RandomRotation": (0.2,),
            "RandomTranslation": (0.2, 0.2),
            "RandomZoom": (0.2,),
        }.items()
    },
    **{
        name: Case(
            lambda name=name, args=args: getattr(L, name)(*args, value_range=(0, 1)),
            "image",
        )
        for name, args in {
            "RandomColorDegeneration": (0.5,),
            "RandomColorJitter": (),
            "RandomErasing": (1.0,),
            "RandomGaussianBlur": (1.0,),
            "RandomHue": (0.5,),
            "RandomInvert": (0.5,),
            "RandomPosterization": (4,),
            "RandomSaturation": (0.5,),
            "RandomSharpness": (0.5,),
            "RandomElasticTransform": (0.5,),
            "AutoContrast": (),
            "ContrastLimitedAdaptiveHistogramEqualization": (),
            "Equalization": (),
            "RandAugment": (),
            "Solarization": (),
        }.items()
    },
    "AugMix": Case(
        lambda: L.AugMix(value_range=(0, 1), seed=1),
        "image",
        result=RUNS,
        why="picks its operations by Python's own generator, in a graph once and not at each step",
    ),
    # Numbers to features.
    "CategoryEncoding": Case(
        lambda: L.CategoryEncoding(10, "multi_hot"), "tokens", train_before=False
    ),
    "Discretization": Case(lambda: L.Discretization([0.2, 0.5], output_mode="one_hot")),
    "Hashing": Case(lambda: L.Hashing(7, output_mode="multi_hot"), "tokens", train_before=False),
    "HashedCrossing": Case(
        lambda: L.HashedCrossing(7, output_mode="one_hot"),
        "tokens",
        lambda layer, x, _: layer((x[:, :1], x[:, 1:2])),
        train_before=False,
    ),
    "IntegerLookup": Case(
        lambda: L.IntegerLookup(vocabulary=[1, 2, 3], output_mode="multi_hot"),
        "tokens",
        train_before=False,
    ),
    "MelSpectrogram": Case(
        lambda: L.MelSpectrogram(sequence_length=64, fft_length=64, num_mel_bins=8), "sound", scaled
    ),
    "STFTSpectrogram": Case(lambda: L.STFTSpectrogram("real", 64, 32, 64, None), "signal", scaled),
    # Containers.
    "Pipeline": Case(lambda: L.Pipeline([L.Rescaling(2.0), L.RandomFlip(seed=1)]), "image"),
}

# What has state, randomness, masks, an inner layer or variables of an unusual kind.
QUICK = (
    "Dense",
    "Dense, LoRA",
    "EinsumDense, LoRA",
    "Embedding",
    "Embedding, LoRA",
    "Embedding, masked",
    "ActivityRegularization",
    "PReLU",
    "Conv2D",
    "Conv2D, LoRA",
    "ConvLSTM1D",
    "BatchNormalization",
    "BatchNormalization, masked",
    "SpectralNormalization",
    "SpectralNormalization, convolution",
    "Dropout",
    "AlphaDropout",
    "GaussianNoise",
    "MultiHeadAttention",
    "Attention",
    "SimpleRNN, dropout",
    "GRU, dropout",
    "LSTM",
    "StackedRNNCells",
    "Bidirectional",
    "TimeDistributed, statistics",
    "Masking",
    "IntegerLookup",
)

EXCLUDED = {
    "Layer": "the base class",
    "Wrapper": "the base class of wrappers",
    "InputLayer": "no computation: every functional model has one",
    "InputSpec": "no layer",
    "FlaxLayer": "needs the JAX backend",
    "JaxLayer": "needs the JAX backend",
    "TorchModuleWrapper": "needs the PyTorch backend",
    "TFSMLayer": "calls a SavedModel, which trains nothing",
    "StringLookup": "takes strings: models get numbers from tfapp's own preprocessing",
    "TextVectorization": "takes strings: models get numbers from tfapp's own preprocessing",
    "CutMix": "takes images and labels in one dict: --augment=cutmix",
    "MixUp": "takes images and labels in one dict: --augment=mixup",
    "MaxNumBoundingBoxes": "takes bounding boxes, for which there is no task",
}


PAGE = """\
# Keras layers

Written by `python -m tests.training.keras_layers > docs/keras-layers.md`.

Each layer of `keras.layers` that is not left out trains in a small model, 20 steps of Adam, by
tfapp's step and by a plain `tf.GradientTape` loop, from the same weights on the same batches.
*equal*: losses, weights, statistics and the states of random generators agree to 1e-5.
`tests/training/test_keras_layers.py` runs the table, and fails for a layer that is missing in it.

| layer | result | why |
| --- | --- | --- |
"""


def markdown():
    """The page docs/keras-layers.md."""
    lines = []
    for name in sorted({**CASES, **EXCLUDED}, key=str.lower):
        if name in EXCLUDED:
            lines.append(f"| {name} | left out | {EXCLUDED[name]} |")
        else:
            lines.append(f"| {name} | {CASES[name].result} | {CASES[name].why} |")
    return PAGE + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
