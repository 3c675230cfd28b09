"""Layers that several models share, in the form that is fast here."""

from tfapp.models.layers.batch_norm import FusedBatchNorm
from tfapp.models.layers.convolution import convolution
from tfapp.models.layers.gelu import gelu, gelu_tanh
from tfapp.models.layers.layer_norm import FusedLayerNorm
from tfapp.models.layers.pooling import MaxPool, MeanPool
from tfapp.models.layers.replicas import ReducesAcrossReplicas, reduces_across_replicas

__all__ = [
    "FusedBatchNorm",
    "FusedLayerNorm",
    "MaxPool",
    "MeanPool",
    "ReducesAcrossReplicas",
    "convolution",
    "gelu",
    "gelu_tanh",
    "reduces_across_replicas",
]
