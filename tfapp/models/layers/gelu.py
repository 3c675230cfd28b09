"""GELU as one program each way."""

import math

import tensorflow as tf

from tfapp.runtime.fused import fused


@fused
def gelu(x):
    """x Phi(x) in the approximation by tanh (Hendrycks & Gimpel, arXiv:1606.08415, section 2)."""
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1.0 + tf.tanh(inner))
