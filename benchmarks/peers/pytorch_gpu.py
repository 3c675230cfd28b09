"""PyTorch compiled on a GPU: ResNet-50 and ViT-S/16 in bfloat16, channels last, data resident."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line

PARSER = command_line.Parser(__doc__)
PARSER.add_argument("--workload", choices=("resnet50", "vits16"), required=True)
PARSER.add_argument("--batch_size", type=command_line.above_zero(int), default=128)
FLAGS = PARSER.parse_args()
torch = command_line.needs("torch")
nn = torch.nn

_CLASSES, _EXAMPLES, _SECONDS = 1000, 2048, 8.0


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, strides):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, strides, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width),
        )  # fmt: skip
        self.project = None
        if inputs != 4 * width:
            self.project = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, strides, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        return torch.relu(self.layers(x) + (self.project(x) if self.project else x))


def resnet50():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    layers.append(nn.MaxPool2d(3, 2, 1))
    inputs = 64
    for stage, count in enumerate((3, 4, 6, 3)):
        for block in range(count):
            width = 64 * 2**stage
            layers.append(Bottleneck(inputs, width, 2 if stage and not block else 1))
            inputs = 4 * width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, _CLASSES)]
    return nn.Sequential(*layers)


class ViTS16(nn.Module):
    def __init__(self, width=384, depth=12, heads=6):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 197, width) * 0.05)
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, _CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


def main():
    if not torch.cuda.is_available():
        command_line.skip("needs a GPU")
    device = torch.device("cuda")
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    model = {"resnet50": resnet50, "vits16": ViTS16}[FLAGS.workload]().to(device)
    model = model.to(memory_format=torch.channels_last)
    images = torch.randint(0, 256, (_EXAMPLES, 3, 224, 224), dtype=torch.uint8, device=device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, _CLASSES, (_EXAMPLES,), device=device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    compiled = torch.compile(model)

    def step():
        rows = torch.randint(0, _EXAMPLES, (FLAGS.batch_size,), device=device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16):
            x = (images[rows].to(torch.bfloat16) - 127) / 64
            loss = nn.functional.cross_entropy(compiled(x), labels[rows])
        loss.backward()
        optimizer.step()

    for _ in range(10):
        step()
    torch.cuda.synchronize()
    count, begin = 0, time.monotonic()
    while time.monotonic() - begin < _SECONDS:
        for _ in range(10):
            step()
        torch.cuda.synchronize()
        count += 10
    seconds = time.monotonic() - begin
    parameters = sum(p.numel() for p in model.parameters())
    rate = count * FLAGS.batch_size / seconds
    print(json.dumps({"examples_per_second": rate, "parameters": parameters}))


if __name__ == "__main__":
    main()
