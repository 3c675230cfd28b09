"""The models for images at sizes that a test trains in a second, by name of --model."""

TINY = {
    "convnet": {"width": 4, "residual": (1,)},
    "resnet18": {"stages": (1, 1), "width": 4},
    "resnet50": {"stages": (1, 1), "width": 4},
    "wide_resnet": {"depth": 10, "width": 1},
    "convnext_tiny": {"depths": (1, 1), "widths": (4, 8)},
    "vit_tiny": {"width": 8, "heads": 2, "depth": 1, "patch": 8},
    "vit_small": {"width": 8, "heads": 2, "depth": 1, "patch": 8},
}
