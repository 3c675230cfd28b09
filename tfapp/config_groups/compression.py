"""Smaller models, of which docs/compression.md says more."""

import dataclasses

from tfapp.config_fields import STEPS, in_group

_flag = in_group("Compression")


@dataclasses.dataclass(frozen=True)
class Compression:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    init_from: str = _flag("",
        "folder of a finished run of the same model, with whose exported weights and fitted "
        "preprocessing training begins; empty: new weights", identity=True)
    prune: float = _flag(0.0,
        "share of the weights in the kernels of dense and convolution layers that become zero in "
        "training, the smallest ones; 0: none", identity=True, least=0, below=1)
    prune_pattern: str = _flag("",
        "N:M, such as 2:4, instead of --prune: of M consecutive inputs of an output at most N "
        "keep their weight", identity=True)
    prune_begin: str = _flag("10%",
        "duration after which weights begin to become zero", identity=True, units=STEPS, least=0)
    prune_end: str = _flag("60%",
        "duration after which all have; the rest is for recovery", identity=True, units=STEPS,
        above=0)
    low_rank: float = _flag(0.0,
        "with --init_from: the kernel of each dense layer is replaced by a product of two of lower "
        "rank, which is off by at most this share of its norm; 0: none", identity=True, least=0,
        below=1)
    distill_from: str = _flag("",
        "folder of a finished run on the same data set, whose answers the model learns as well; "
        "empty: the labels alone", identity=True)
    distill_weight: float = _flag(0.5,
        "share of --distill_from in the training loss; the labels have the rest", identity=True,
        least=0, most=1)
    distill_temperature: float = _flag(2.0,
        "by which the logits of classes of both models are divided, so that the teacher's wrong "
        "classes show", identity=True, above=0)
    quantize: str = _flag("none",
        "quantisation-aware training: the kernels of dense and convolution layers are rounded to "
        "whole numbers of 8 or 4 bits, or to floating-point numbers of 8, times a scale for each "
        "output, in training and in what is exported",
        choices=("none", "int8", "int4", "float8"), identity=True)
    # fmt: on
