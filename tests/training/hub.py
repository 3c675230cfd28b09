"""Which networks of KerasHub are tried, and how: built from small configurations, nothing fetched.

KerasHub is not among what the tests need: `pip install keras-hub`, and its networks are tried too.
"""

import importlib.util

import keras

from tests.training.architecture import BATCH, CLASSES, Architecture, images

INSTALLED = importlib.util.find_spec("keras_hub") is not None

TEXT = {
    "vocabulary_size": 50,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
}
DECODER = {
    "vocabulary_size": 50,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
}
VISION = {
    "image_shape": (16, 16, 3),
    "patch_size": 4,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
}
LENGTH = 8


def tokens(*names, masks=("padding_mask",)):
    """Token ids under each of the names, and masks of which the last two are padding."""

    def draw_inputs(draw):
        inputs = {name: draw.integers(1, 50, (BATCH, LENGTH)).astype("i4") for name in names}
        padding = draw.integers(0, 9, (BATCH, LENGTH)) < 7
        padding[:, 0] = True
        return {**inputs, **{name: padding.astype("i4") for name in masks}}

    return draw_inputs


def segments(draw):
    kinds = draw.integers(0, 2, (BATCH, LENGTH)).astype("i4")
    return {**tokens("token_ids")(draw), "segment_ids": kinds}


def unmasked(draw):
    return {key: value for key, value in segments(draw).items() if key != "padding_mask"}


def pairs(draw):
    """Of an encoder and a decoder."""
    masks = ("encoder_padding_mask", "decoder_padding_mask")
    return tokens("encoder_token_ids", "decoder_token_ids", masks=masks)(draw)


def speech(draw):
    sound = draw.normal(size=(BATCH, 2 * LENGTH, 6)).astype("f4")
    words = tokens("decoder_token_ids", masks=("decoder_padding_mask",))(draw)
    return {"encoder_features": sound, **words}


def backbone(name, inputs, parameters, *, output=None, has="", **arguments):
    """An `Architecture`: a backbone of KerasHub, the mean of what it gives, dropout, a head.

    Args:
      output: key of what is used, where the backbone gives a dict.
    """

    def make():
        import keras_hub

        body = getattr(keras_hub.models, f"{name}Backbone")(**arguments)
        outputs = body(body.input)
        hidden = outputs[output] if output else outputs
        axes = tuple(range(1, len(hidden.shape) - 1))
        hidden = keras.layers.Dropout(0.2)(keras.ops.mean(hidden, axes))
        return keras.Model(body.input, keras.layers.Dense(CLASSES)(hidden))

    return Architecture(make, inputs, parameters, has)


HUB = {
    "Bert": backbone("Bert", segments, 13_861, output="sequence_output", has="dropout", **TEXT),
    "Roberta": backbone("Roberta", tokens("token_ids"), 13_557, **TEXT),
    "Albert": backbone(
        "Albert",
        segments,
        7_253,
        output="sequence_output",
        has="one layer used several times",
        embedding_dim=8,
        dropout=0.1,
        **TEXT,
    ),
    "DebertaV3": backbone(
        "DebertaV3",
        tokens("token_ids"),
        5_525,
        has="shared relative positions",
        bucket_size=4,
        **TEXT,
    ),
    "FNet": backbone(
        "FNet",
        unmasked,
        11_989,
        output="sequence_output",
        has="Fourier transforms",
        **{key: value for key, value in TEXT.items() if key != "num_heads"},
    ),
    "GPT2": backbone("GPT2", tokens("token_ids"), 21_749, **TEXT),
    "OPT": backbone("OPT", tokens("token_ids"), 38_133, **TEXT),
    "T5": backbone(
        "T5", pairs, 13_493, output="decoder_sequence_output", has="tied embeddings", **TEXT
    ),
    "Bart": backbone("Bart", pairs, 44_853, output="decoder_sequence_output", **TEXT),
    "Llama": backbone("Llama", tokens("token_ids"), 6_373, **DECODER, dropout=0.1),
    "Mixtral": backbone(
        "Mixtral", tokens("token_ids"), 12_613, has="experts, add_loss", **DECODER, num_experts=3
    ),
    "Whisper": backbone(
        "Whisper",
        speech,
        13_333,
        output="decoder_sequence_output",
        **TEXT,
        num_mels=6,
        dropout=0.1,
        max_encoder_sequence_length=2 * LENGTH,
        max_decoder_sequence_length=LENGTH,
    ),
    "ViT": backbone("ViT", images(16), 5_637, **VISION, mlp_dim=32, dropout_rate=0.1),
    "DeiT": backbone("DeiT", images(16), 5_669, **VISION, intermediate_dim=32, dropout_rate=0.1),
    "MiT": backbone(
        "MiT",
        images(32),
        7_925,
        has="stochastic depth",
        layerwise_depths=[1, 1],
        num_layers=2,
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[2, 1],
        max_drop_path_rate=0.3,
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
        image_shape=(32, 32, 3),
        hidden_dims=[8, 16],
    ),
    "SwinTransformer": backbone(
        "SwinTransformer",
        images(32),
        9_699,
        has="shifted windows, stochastic depth",
        image_shape=(32, 32, 3),
        embed_dim=8,
        depths=(2, 2),
        num_heads=(1, 2),
        window_size=4,
        drop_path=0.2,
    ),
    "ResNet": backbone(
        "ResNet",
        images(16),
        155_141,
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(16, 16, 3),
    ),
}
