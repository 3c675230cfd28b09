"""The models that tfapp offers by name: a new one is a line here."""

from tfapp.models.preset import Preset
from tfapp.spec import InputSpec

_GREY_28 = (InputSpec("image", "image", (28, 28, 1), "float32"),)
_COLOUR_32 = (InputSpec("image", "image", (32, 32, 3), "float32"),)
_COLOUR_96 = (InputSpec("image", "image", (96, 96, 3), "float32"),)
_COLOUR_224 = (InputSpec("image", "image", (224, 224, 3), "float32"),)
_TEXT = (InputSpec("text", "tokens", (16,), "int32", vocabulary=100),)
_COLUMNS = (
    InputSpec("numbers", "numeric", (5,), "float32"),
    InputSpec("city", "ids", (), "int32", vocabulary=30),
)
_BINNED = (
    InputSpec("size", "numeric", (), "float32", edges=((-1.0, 0.0, 1.0),)),
    InputSpec("city", "ids", (), "int32", vocabulary=30),
)
_CITIES = (*_BINNED, InputSpec("route", "ids", (), "int32", vocabulary=20))

_RESNET = "tfapp.models.resnet_cifar:ResNetCifar"
_FT = "tfapp.models.ft_transformer:FTTransformer"
_WIDE_DEEP = "tfapp.models.wide_deep:WideDeep"
_LINEAR = "tfapp.models.linear:Linear"
_IMAGENET = {"inputs": _COLOUR_224, "outputs": 1000}
# AdamW at the papers' rates, between their scalings with the batch and with its root.
_ADAMW = {"learning_rate": 5e-4, "clip_norm": 1.0}
_RESNET_50 = {"stages": (3, 4, 6, 3), "bottleneck": True}
_VIT_SMALL = {"width": 384, "heads": 6}
_CONVNET = "tfapp.models.convnet:ConvNet"
_PHOTO_RESNET = "tfapp.models.resnet:ResNet"
_WIDE_RESNET = "tfapp.models.wide_resnet:WideResNet"
_CONVNEXT = "tfapp.models.convnext:ConvNeXt"
_VIT = "tfapp.models.vit:ViT"
_TABULAR = "tfapp.models.tabular:Tabular"
_ENCODER = "tfapp.models.text_encoder:TextEncoder"
_ENCODERS = "tfapp.models.text_ensemble:TextEnsemble"
_CAUSAL = "tfapp.models.causal_transformer:CausalTransformer"

_HE = "He et al., arXiv:1512.03385, table 6"
_HE_V1_5 = "He et al., arXiv:1512.03385, table 1, with strides as in arXiv:1706.02677"
_ZAGORUYKO = "WRN-28-10 of Zagoruyko & Komodakis, arXiv:1605.07146"
_LIU = "Liu et al., arXiv:2201.03545"
_DEIT = "Dosovitskiy et al., arXiv:2010.11929; the size of Touvron et al., arXiv:2012.12877"
_TABM = "TabM-mini of Gorishniy et al., arXiv:2410.24210, figure 1 and section 3"
_PLR = "an MLP with the PLR embeddings of Gorishniy et al., arXiv:2203.05556"
_FT_SOURCE = "FT-Transformer of Gorishniy et al., arXiv:2106.11959, defaults of appendix E"
_CHENG = "Cheng et al., arXiv:1606.07792, figure 4"
_WANG = "Wang et al., arXiv:2008.13535, figure 1 (a)"
_KIM = "Kim, arXiv:1408.5882, with a mean of embeddings"
_MEMBERS = "Kim, arXiv:1408.5882, beside a bag of n-grams of Joulin et al., arXiv:1607.01759"
_BERT = "Vaswani et al., arXiv:1706.03762, normalised first, with BERT's positions and pooling"
_ROTARY = "GPT-2's blocks with the rotary positions of Su et al., arXiv:2104.09864"
_GPT = "GPT-2 of Radford et al., 2019, with rotary positions; width=768 depth=12 heads=12: small"

# What the rule of the kind of data gives for tabm suits neither of these: docs/recipes.md.
_OF_LINEAR = {"learning_rate": 0.03, "weight_decay": 0.05}
_OF_TRANSFORMER = {"learning_rate": 5e-4, "warmup_steps": "5%", "weight_decay": 1e-2}

PRESETS = {
    preset.name: preset
    for preset in (
        Preset("mlp", "tfapp.models.mlp:Net", {}, 101_770, _GREY_28, "one hidden layer of 128"),
        Preset("cnn", "tfapp.models.cnn:CNN", {}, 1_199_882, _GREY_28, "PyTorch's MNIST example"),
        Preset("convnet", _CONVNET, {}, 575_594, _GREY_28, "tfapp"),
        Preset("smallcnn", "tfapp.models.smallcnn:SmallCNN", {}, 1_185_066, _COLOUR_96, "tfapp"),
        Preset("resnet20", _RESNET, {"blocks": 3}, 269_722, _COLOUR_32, _HE),
        Preset("resnet32", _RESNET, {"blocks": 5}, 464_154, _COLOUR_32, _HE),
        Preset("resnet44", _RESNET, {"blocks": 7}, 658_586, _COLOUR_32, _HE),
        Preset("resnet56", _RESNET, {"blocks": 9}, 853_018, _COLOUR_32, _HE),
        Preset("resnet110", _RESNET, {"blocks": 18}, 1_727_962, _COLOUR_32, _HE),
        Preset("resnet18", _PHOTO_RESNET, {}, 11_689_512, source=_HE_V1_5, **_IMAGENET),
        Preset("resnet50", _PHOTO_RESNET, _RESNET_50, 25_557_032, source=_HE_V1_5, **_IMAGENET),
        Preset("wide_resnet", _WIDE_RESNET, {}, 36_479_194, _COLOUR_32, _ZAGORUYKO),
        Preset("convnext_tiny", _CONVNEXT, {}, 28_589_128, source=_LIU, recipe=_ADAMW, **_IMAGENET),
        Preset("vit_tiny", _VIT, {}, 5_717_416, source=_DEIT, recipe=_ADAMW, **_IMAGENET),
        Preset("vit_small", _VIT, _VIT_SMALL, 22_050_664, source=_DEIT, recipe=_ADAMW, **_IMAGENET),
        Preset("tabm", "tfapp.models.tabm:TabM", {}, 42_950, _BINNED, _TABM),
        Preset("tabular", _TABULAR, {}, 149_428, _COLUMNS, _PLR),
        Preset("ft_transformer", _FT, {}, 899_914, _BINNED, _FT_SOURCE, recipe=_OF_TRANSFORMER),
        Preset("wide_deep", _WIDE_DEEP, {}, 734_402, _CITIES, _CHENG),
        Preset("dcn_v2", "tfapp.models.dcn_v2:DCNV2", {}, 277_118, _BINNED, _WANG),
        Preset("linear", _LINEAR, {}, 320, _BINNED, "softmax regression", recipe=_OF_LINEAR),
        Preset("text_encoder", _ENCODER, {}, 324_490, _TEXT, _KIM),
        Preset(
            "text_ensemble", "tfapp.models.text_ensemble:TextEnsemble", {}, 980_860, _TEXT, _MEMBERS
        ),
        Preset("transformer", "tfapp.models.transformer:Transformer", {}, 412_938, _TEXT, _BERT),
        Preset("causal_transformer", _CAUSAL, {}, 807_434, _TEXT, _ROTARY),
        Preset("gpt", "tfapp.models.gpt:GPT", {}, 806_144, _TEXT, _GPT, outputs=100),
    )
}
