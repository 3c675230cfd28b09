"""The larger networks of workloads.py in PyTorch, with the same numbers of weights as tfapp's.

Attention is PyTorch's own scaled_dot_product_attention; the rest is written as its users write it.
"""

import command_line

torch = command_line.needs("torch")
nn, functional = torch.nn, torch.nn.functional


class Attention(nn.Module):
    """Multi-head attention on [batch, length, width]; causal with rotary positions, or plain."""

    def __init__(self, width, heads, length=0):
        super().__init__()
        self.heads, self.causal = heads, length > 0
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        half = width // heads // 2
        angles = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.queries_keys_values(x).view(batch, length, 3, self.heads, -1)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        if self.causal:
            queries, keys = self.rotate(queries), self.rotate(keys)
        y = functional.scaled_dot_product_attention(queries, keys, values, is_causal=self.causal)
        return self.merge(y.transpose(1, 2).reshape(batch, length, width))

    def rotate(self, x):
        first, second = x.chunk(2, -1)
        cosine, sine = self.cosine.to(x.dtype), self.sine.to(x.dtype)
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)


class EncoderBlock(nn.Module):
    def __init__(self, width, heads, length=0, approximate="none", epsilon=1e-6):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=epsilon) for _ in range(2))
        self.attention = Attention(width, heads, length)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gelu = nn.GELU(approximate)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(self.gelu(self.widen(self.norm2(x))))


class GPT(nn.Module):
    """tfapp's gpt: width 128, 4 blocks, 4 heads, windows of 64 tokens, the embeddings shared."""

    def __init__(self, vocabulary, width=128, depth=4, heads=4, length=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.Sequential(
            *[EncoderBlock(width, heads, length, "tanh", 1e-5) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        return functional.linear(self.norm(self.blocks(self.embedding(ids))), self.embedding.weight)


class ViT(nn.Module):
    """tfapp's vit_tiny with patches of 4 pixels, for images of 32."""

    def __init__(self, classes, width=192, depth=12, heads=3, patch=4, side=32):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*[EncoderBlock(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1).to(x.dtype), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x)[:, 0]))


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of [batch, channels, height, width]."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.narrow(functional.gelu(self.widen(y))) * self.scale
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """tfapp's convnext_tiny with patches of 2 pixels, for images of 32."""

    def __init__(self, classes, depths=(3, 3, 9, 3), widths=(96, 192, 384, 768), patch=2):
        super().__init__()
        layers = [nn.Conv2d(3, widths[0], patch, patch), ChannelNorm(widths[0], eps=1e-6)]
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            if stage:
                before = widths[stage - 1]
                layers += [ChannelNorm(before, eps=1e-6), nn.Conv2d(before, width, 2, 2)]
            layers += [ConvNeXtBlock(width) for _ in range(depth)]
        self.layers = nn.Sequential(*layers)
        self.norm, self.head = nn.LayerNorm(widths[-1], eps=1e-6), nn.Linear(widths[-1], classes)

    def forward(self, images):
        return self.head(self.norm(self.layers(images).mean((2, 3))))


class TabM(nn.Module):
    """tfapp's tabm: TabM-mini on numbers in 48 bins, 16 members, and a linear model."""

    def __init__(self, classes, columns=20, bins=48, width=128, each=8, members=16):
        super().__init__()
        edges = torch.distributions.Normal(0, 1).icdf(torch.linspace(0.001, 0.999, bins + 1))
        self.register_buffer("start", edges[:-1])
        self.register_buffer("inverse", 1 / (edges[1:] - edges[:-1]))
        self.slope, self.offset = (
            nn.Parameter(torch.empty(columns, each).uniform_(-1, 1)) for _ in range(2)
        )
        self.bins = nn.Parameter(torch.zeros(columns, bins, each))
        self.factors = nn.Parameter(torch.randn(members, 1, columns * each))
        self.hidden = nn.ModuleList([nn.Linear(columns * each, width), nn.Linear(width, width)])
        self.dropout = nn.Dropout(0.1)
        limit = width**-0.5
        self.heads = nn.Parameter(torch.empty(members, width, classes).uniform_(-limit, limit))
        self.biases = nn.Parameter(torch.zeros(members, 1, classes))
        self.linear = nn.Linear(columns, classes)

    def forward(self, x):
        places = ((x[..., None] - self.start) * self.inverse).clamp(0, 1)
        embedded = x[..., None] * self.slope + self.offset
        embedded = embedded + torch.einsum("nfb,fbe->nfe", places, self.bins)
        hidden = embedded.flatten(1) * self.factors
        for layer in self.hidden:
            hidden = self.dropout(torch.relu(layer(hidden)))
        outputs = torch.baddbmm(self.biases, hidden, self.heads).transpose(0, 1)
        return outputs + self.linear(x)[:, None]
