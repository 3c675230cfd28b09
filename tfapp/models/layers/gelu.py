"""GELU (Hendrycks & Gimpel, arXiv:1606.08415), x Phi(x), as one program each way."""

import math

import tensorflow as tf

from tfapp.runtime.fused import fused


@fused
def gelu(x):
    """As it is defined, by the error function: of BERT, ViT and ConvNeXt."""
    return 0.5 * x * (1.0 + tf.math.erf(x * math.sqrt(0.5)))


@fused
def gelu_tanh(x):
    """The approximation of section 2, by tanh: of GPT-2."""
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1.0 + tf.tanh(inner))
