"""PyTorch, data in memory, channels last, on the GPU if there is one.

Variants: eager, compiled (torch.compile), and on a GPU graphs (torch.compile with CUDA graphs).
"""

import importlib
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line
import workloads

PARSER = command_line.Parser(__doc__)
workloads.add_arguments(PARSER, ("eager", "compiled", "graphs"), models=None)
FLAGS = PARSER.parse_args()
workloads.skip_if_lacking(FLAGS.precision)
torch = command_line.needs("torch")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if (FLAGS.variant, DEVICE) == ("graphs", "cpu"):
    command_line.skip("CUDA graphs need a GPU")
nn = torch.nn
pytorch_networks = importlib.import_module("pytorch_networks")  # which needs it

_SECONDS = 4.0


def mlp():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


class Block(nn.Module):
    def __init__(self, inputs, filters, strides):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, filters, 3, strides, 1, bias=False)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)
        self.strides, self.missing = strides, filters - inputs

    def forward(self, x):
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        x = x[:, :, :: self.strides, :: self.strides]
        if self.missing:
            pad = self.missing // 2
            x = nn.functional.pad(x, (0, 0, 0, 0, pad, self.missing - pad))
        return torch.relu(x + y)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for stage in range(3):
        for block in range(3):
            layers.append(Block(inputs, 16 * 2**stage, 2 if stage and not block else 1))
            inputs = 16 * 2**stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet20": resnet20,
    "gpt": lambda: pytorch_networks.GPT(workloads.CHARACTERS + 2),  # tfapp has two ids more
    "vit_tiny": lambda: pytorch_networks.ViT(workloads.CLASSES),
    "convnext_tiny": lambda: pytorch_networks.ConvNeXt(workloads.CLASSES),
    "tabm": lambda: pytorch_networks.TabM(workloads.CLASSES),
}


def flat(outputs, labels):
    """Logits [n, classes] and labels [n], one for each example, token or member."""
    if outputs.ndim == 2:
        return outputs, labels
    if labels.ndim == 1:
        labels = labels[:, None].expand(outputs.shape[:2])
    return outputs.flatten(0, 1), labels.flatten()


def main():
    workload = workloads.WORKLOADS[FLAGS.workload]
    x, y = map(torch.from_numpy, workloads.read_arrays(FLAGS.arrays, workload.examples))
    x, y = x.to(DEVICE), y.long().to(DEVICE)
    model = MODELS[workload.model]().to(DEVICE)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).to(memory_format=torch.channels_last)
        model = model.to(memory_format=torch.channels_last)
    # As TensorFlow multiplies in float32 on a GPU; a CPU has nothing of the kind.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    fused = {"fused": True} if DEVICE == "cuda" else {}
    optimizer = torch.optim.Adam(model.parameters(), lr=workloads.LEARNING_RATE, **fused)
    lower = FLAGS.precision == "bfloat16"

    def step(batch, labels):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE, torch.bfloat16, enabled=lower):
            outputs = forward(batch)
            loss = nn.functional.cross_entropy(*flat(outputs.float(), labels))
        loss.backward()
        optimizer.step()
        return loss

    modes = {"compiled": None, "graphs": "reduce-overhead"}
    compiled = FLAGS.variant in modes
    forward = torch.compile(model, mode=modes[FLAGS.variant]) if compiled else model
    rate = _measure(step, x, y, workload.batch_size)
    print(json.dumps({"examples_per_second": rate}))


def _measure(step, x, y, batch_size):
    """Trains on shuffled epochs until the time is up, after a warm-up; examples per second."""
    count, begin, warm = 0, time.monotonic(), False
    while True:
        order = torch.randperm(len(x), device=DEVICE)
        for start in range(0, len(x) - batch_size + 1, batch_size):
            rows = order[start : start + batch_size]
            loss = step(x[rows], y[rows])
            count += batch_size
            seconds = time.monotonic() - begin
            if not warm and count >= 3 * batch_size and seconds > 1:
                loss.item()
                warm, count, begin = True, 0, time.monotonic()
            elif warm and seconds > _SECONDS:
                loss.item()
                return count / (time.monotonic() - begin)  # item() has waited for the device


if __name__ == "__main__":
    main()
