"""The seed network, its losses and their gradients in float64 NumPy, written from the formulas.

    a = x W1 + b1,  h = max(a, 0),  z = h W2 + b2

Cross-entropy: L = mean_n(-log softmax(z_n)[c_n]), with dL/dz = (softmax(z) - onehot(c)) / N.
Squared error of probabilities: L = mean_n mean_k (p_nk - onehot_nk)^2 with p = softmax(z); the
softmax's Jacobian is diag(p) - p p^T. Squared error of values: L = mean_n mean_k (z_nk - t_nk)^2.
Then back through the network: dW2 = h^T dz, db2 = sum dz, da = (dz W2^T) * (a > 0), and the same
for the first layer. Nothing here comes from tfapp or TensorFlow.
"""

import numpy as np


def forward(weights, x):
    """Hidden pre-activations and outputs for weights (W1, b1, W2, b2)."""
    w1, b1, w2, b2 = weights
    a = x @ w1 + b1
    return a, np.maximum(a, 0) @ w2 + b2


def softmax(z):
    exponentials = np.exp(z - z.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def cross_entropy(z, classes):
    """Loss and dL/dz."""
    rows = np.arange(len(z))
    p = softmax(z)
    dz = p.copy()
    dz[rows, classes] -= 1
    return -np.log(p[rows, classes]).mean(), dz / len(z)


def squared_error_of_probabilities(z, classes):
    """Loss and dL/dz."""
    p = softmax(z)
    difference = p - np.eye(z.shape[1])[classes]
    dp = 2 * difference / difference.size
    return np.square(difference).mean(), p * (dp - (dp * p).sum(-1, keepdims=True))


def squared_error(z, targets):
    """Loss and dL/dz."""
    difference = z - targets.reshape(z.shape)
    return np.square(difference).mean(), 2 * difference / difference.size


def loss_and_gradients(weights, x, labels, loss):
    """Loss, and the gradients in the order of `weights`."""
    _, _, w2, _ = weights
    a, z = forward(weights, x)
    value, dz = loss(z, labels)
    da = (dz @ w2.T) * (a > 0)
    return value, (x.T @ da, da.sum(0), np.maximum(a, 0).T @ dz, dz.sum(0))


def gradient_descent(weights, gradients, rate):
    return tuple(w - rate * g for w, g in zip(weights, gradients, strict=True))


def adam(weights, gradients, moments, step, *, rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
    """Kingma & Ba, "Adam", 2015, the form at the end of section 2 (epsilon is added to sqrt(v)).

    `moments` is (m, v), lists in the order of `weights`; `step` counts from 1.
    """
    m = [beta1 * m + (1 - beta1) * g for m, g in zip(moments[0], gradients, strict=True)]
    v = [beta2 * v + (1 - beta2) * g * g for v, g in zip(moments[1], gradients, strict=True)]
    alpha = rate * np.sqrt(1 - beta2**step) / (1 - beta1**step)
    updated = tuple(
        w - alpha * mi / (np.sqrt(vi) + epsilon) for w, mi, vi in zip(weights, m, v, strict=True)
    )
    return updated, (m, v)


def standardise(x):
    """Each column to mean 0 and standard deviation 1, as tfapp prepares numeric features."""
    return (x - x.mean(0)) / x.std(0)
