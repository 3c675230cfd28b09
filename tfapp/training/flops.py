"""Floating-point operations of a step: its products and convolutions, forward and backward.

Counted as the field counts them for utilisation (Chowdhery et al., arXiv:2204.02311, appendix B): a
multiply-add is two operations; element-wise work is left out; recomputed activations count each
time they are computed. Only what the results depend on is counted: the graph of a convolution's
gradient always contains that of its inputs, and TensorFlow does not run it where it is not used.
"""

import math

import tensorflow as tf


def count_flops(function, *signature):
    """Operations of one call.

    Args:
      function: a Python function of tensors.
      signature: its arguments, as nested tf.TensorSpec with static shapes.

    Returns:
      an int; None if a shape is not known before the call.
    """
    graph = tf.function(function, autograph=False).get_concrete_function(*signature).graph
    try:
        return sum(_COUNTERS[op.type](op) for op in _needed(graph) if op.type in _COUNTERS)
    except (TypeError, ValueError):  # a dimension or a rank that TensorFlow does not know
        return None


def _needed(graph):
    """The operations that the graph's outputs depend on."""
    found, left = set(), [tensor.op for tensor in graph.outputs]
    while left:
        op = left.pop()
        if op not in found:
            found.add(op)
            left += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
    return found


def _size(tensor):
    return math.prod(tensor.shape.as_list())


def _product(op):
    a = op.inputs[0].shape.as_list()
    return 2 * _size(op.outputs[0]) * a[-2 if _transposed(op) else -1]


def _transposed(op):
    return op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")


def _convolution(op):
    return 2 * _size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:-1])


def _depthwise(op):
    return 2 * _size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:2])


# Each of a convolution's gradients takes as many multiply-adds as the convolution: one for each of
# its outputs and each position of the kernel that the output is made of.


def _input_gradient(op):
    return 2 * _size(op.inputs[2]) * math.prod(op.inputs[1].shape.as_list()[:-1])


def _filter_gradient(op):
    return 2 * _size(op.inputs[2]) * math.prod(op.outputs[0].shape.as_list()[:-1])


def _depthwise_input_gradient(op):
    return 2 * _size(op.inputs[2]) * math.prod(op.inputs[1].shape.as_list()[:2])


def _depthwise_filter_gradient(op):
    return 2 * _size(op.inputs[2]) * math.prod(op.outputs[0].shape.as_list()[:2])


def _einsum(op):
    """Twice the product of all index sizes; a sum or transposition alone is no product."""
    if len(op.inputs) < 2:
        return 0
    terms = op.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {}
    for term, tensor in zip(terms, op.inputs, strict=True):
        shape = tensor.shape.as_list()
        named = len(term.replace("...", ""))
        spread = [f"...{i}" for i in range(len(shape) - named)]  # what the ellipsis stands for
        before, _, after = term.partition("...")
        sizes.update(zip([*before, *spread, *after], shape, strict=True))
    return 2 * math.prod(sizes.values())


_COUNTERS = {
    "MatMul": _product,
    "BatchMatMul": _product,
    "BatchMatMulV2": _product,
    "BatchMatMulV3": _product,
    "Einsum": _einsum,
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _input_gradient,
    "Conv2DBackpropFilter": _filter_gradient,
    "DepthwiseConv2dNative": _depthwise,
    "DepthwiseConv2dNativeBackpropInput": _depthwise_input_gradient,
    "DepthwiseConv2dNativeBackpropFilter": _depthwise_filter_gradient,
}
