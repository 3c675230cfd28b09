"""JAX, MLP only: lax.scan over shuffled data on the device, one program per epoch."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line
import workloads

PARSER = command_line.Parser(__doc__)
workloads.add_arguments(PARSER, ("scan",), models=("mlp",))
FLAGS = PARSER.parse_args()
jax = command_line.needs("jax")
jnp = command_line.needs("jax.numpy", "jax")

_EPOCHS = 6


def loss_of(weights, x, y):
    w1, b1, w2, b2 = weights
    logits = jax.nn.relu(x @ w1 + b1) @ w2 + b2
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))


def adam(weights, moments, grads, count, rate):
    mean = [0.9 * m + 0.1 * g for m, g in zip(moments[0], grads, strict=True)]
    square = [0.999 * v + 0.001 * g * g for v, g in zip(moments[1], grads, strict=True)]
    scale = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    weights = [
        w - scale * m / (jnp.sqrt(v) + 1e-7) for w, m, v in zip(weights, mean, square, strict=True)
    ]
    return weights, (mean, square)


def main():
    workload = workloads.WORKLOADS[FLAGS.workload]
    x, y = map(jnp.asarray, workloads.read_arrays(FLAGS.arrays, workload.examples))
    batch_size = workload.batch_size
    steps = len(x) // batch_size

    @jax.jit
    def epoch(carry, key, x, y):
        order = jax.random.permutation(key, len(x))[: steps * batch_size]

        def step(carry, rows):
            weights, moments, count = carry
            loss, grads = jax.value_and_grad(loss_of)(weights, x[rows], y[rows])
            weights, moments = adam(weights, moments, grads, count, workloads.LEARNING_RATE)
            return (weights, moments, count + 1), loss

        return jax.lax.scan(step, carry, order.reshape(steps, batch_size))

    keys = jax.random.split(jax.random.key(0), 2)
    glorot = jax.nn.initializers.glorot_uniform()
    weights = [
        glorot(keys[0], (784, 128)), jnp.zeros(128), glorot(keys[1], (128, 10)), jnp.zeros(10)
    ]  # fmt: skip
    zeros = [jnp.zeros_like(w) for w in weights]
    carry, seconds = (weights, (zeros, zeros), jnp.float32(1)), []
    for number in range(_EPOCHS):
        begin = time.monotonic()
        carry, losses = epoch(carry, jax.random.key(number), x, y)
        losses.block_until_ready()
        seconds.append(time.monotonic() - begin)
    median = sorted(seconds[1:])[len(seconds[1:]) // 2]
    print(json.dumps({"examples_per_second": steps * batch_size / median}))


if __name__ == "__main__":
    main()
