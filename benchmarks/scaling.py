"""Predicts how a step's time, and the efficiency, change with the number of GPUs: docs/scaling.md.

    python benchmarks/scaling.py

The model: compute, then the all-reduce (tfapp does not overlap them), beside input that runs
ahead. Every constant is an argument of `Cluster` and `Work`; the published runs at the end are
predicted by the same formula, to see how far it is off.
"""

import dataclasses
import math

_SIZES = (1, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Machines and the links between them."""

    gpus: int  # a machine
    inside: float  # bytes a second that one GPU sends to others of its machine
    between: float  # bytes a second that one machine sends to others
    hop: float = 10e-6  # seconds of one message between machines
    host_rate: float = math.inf  # examples a second that a machine's processors can prepare


@dataclasses.dataclass(frozen=True)
class Work:
    """What one GPU does in a step."""

    parameters: float
    rate: float  # examples a second of one GPU alone
    batch: int  # examples of one GPU
    bytes_each: int = 4  # of a gradient's element on the wire


def all_reduce_seconds(work, cluster, gpus):
    """A hierarchical ring: within each machine, between machines, within each machine.

    Each of n sends 2(n - 1)/n times the gradient (Patarasuk and Yuan, 2009); a machine's GPUs share
    its links to others.
    """
    size = work.parameters * work.bytes_each
    local = min(gpus, cluster.gpus)
    machines = -(-gpus // cluster.gpus)
    inside = 2 * (local - 1) / local * size / cluster.inside
    between = 2 * (machines - 1) / machines * size / cluster.between
    # A tree's depth, up and down: latency of few, long messages.
    latency = 2 * math.ceil(math.log2(machines)) * cluster.hop if machines > 1 else 0.0
    return inside + between + latency


def step_seconds(work, cluster, gpus, *, overlap=0.0):
    """Seconds of a step. `overlap`: share of the compute behind which the all-reduce can hide."""
    compute = work.batch / work.rate
    communication = all_reduce_seconds(work, cluster, gpus)
    prepared = work.batch * min(gpus, cluster.gpus) / cluster.host_rate
    return max(compute + max(communication - overlap * compute, 0.0), prepared)


def efficiency(work, cluster, gpus, *, of=1, **options):
    """Examples a second a GPU, against those with `of` GPUs."""
    alone = step_seconds(work, cluster, of, **options)
    return alone / step_seconds(work, cluster, gpus, **options)


# An H100 has 900 GB/s of NVLink in both directions together; 8 links of 400 Gbit/s leave a machine.
# Of both, 80% are assumed to be reached.
H100 = Cluster(gpus=8, inside=0.8 * 450e9, between=0.8 * 8 * 50e9)
ETHERNET = dataclasses.replace(H100, between=0.8 * 12.5e9)  # the same with one link of 100 Gbit/s
WORKS = {  # rates of one H100, measured: docs/benchmarks.md
    "ResNet-50, 5,223 images/s a GPU": Work(25.6e6, 5223, 128),
    "ViT-S/16, 5,494 images/s a GPU": Work(22.1e6, 5494, 128),
}
# What was published, and what the model says of it: `overlap` 0 and 2/3, the share of backward.
PUBLISHED = (
    # Goyal et al., arXiv:1706.02677: P100, 50 Gbit/s; backward of 32 images takes 120 ms (sec. 4),
    # forward half of that.
    ("ResNet-50, 8 to 256 P100, 50 Gbit/s", Work(25.6e6, 32 / 0.18, 32),
     Cluster(8, 20e9, 0.8 * 6.25e9), 256, 8, 0.90),
    # Horovod's documentation: 128 machines of 4 Pascal GPUs, 25 Gbit/s, batch 64; the rates of one
    # GPU (130 and 148 images a second) are assumptions.
    ("ResNet-101, 1 to 512 Pascal, 25 Gbit/s", Work(44.5e6, 130, 64),
     Cluster(4, 10e9, 0.8 * 3.125e9), 512, 1, 0.90),
    ("VGG-16, 1 to 512 Pascal, 25 Gbit/s", Work(138.4e6, 148, 64),
     Cluster(4, 10e9, 0.8 * 3.125e9), 512, 1, 0.68),
)  # fmt: skip


def main():
    for name, work in WORKS.items():
        for label, cluster in (("8 x 400 Gbit/s", H100), ("100 Gbit/s", ETHERNET)):
            for precision, sent in (("float32", work), ("bfloat16", _halved(work))):
                row = [f"{efficiency(sent, cluster, gpus):.3f}" for gpus in _SIZES]
                print(f"| {name}, {label}, {precision} | {' | '.join(row)} |")
    print()
    for name, work, cluster, gpus, of, published in PUBLISHED:
        none = efficiency(work, cluster, gpus, of=of)
        hidden = efficiency(work, cluster, gpus, of=of, overlap=2 / 3)
        print(f"| {name} | {published:.2f} | {none:.2f} | {hidden:.2f} |")


def _halved(work):
    return dataclasses.replace(work, bytes_each=2)


if __name__ == "__main__":
    main()
