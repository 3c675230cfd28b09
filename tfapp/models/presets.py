"""The models that tfapp offers by name: a new one is a line here."""

from tfapp.models.preset import Preset
from tfapp.spec import InputSpec

_GREY_28 = (InputSpec("image", "image", (28, 28, 1), "float32"),)
_COLOUR_32 = (InputSpec("image", "image", (32, 32, 3), "float32"),)
_COLOUR_96 = (InputSpec("image", "image", (96, 96, 3), "float32"),)
_TEXT = (InputSpec("text", "tokens", (16,), "int32", vocabulary=100),)
_COLUMNS = (
    InputSpec("numbers", "numeric", (5,), "float32"),
    InputSpec("city", "ids", (), "int32", vocabulary=30),
)
_BINNED = (
    InputSpec("size", "numeric", (), "float32", edges=((-1.0, 0.0, 1.0),)),
    InputSpec("city", "ids", (), "int32", vocabulary=30),
)

_RESNET = "tfapp.models.resnet_cifar:ResNetCifar"
_TABULAR = "tfapp.models.tabular:Tabular"
_ENCODER = "tfapp.models.text_encoder:TextEncoder"
_ENCODERS = "tfapp.models.text_ensemble:TextEnsemble"
_CAUSAL = "tfapp.models.causal_transformer:CausalTransformer"

_HE = "He et al., arXiv:1512.03385, table 6"
_TABM = "TabM-mini of Gorishniy et al., arXiv:2410.24210, figure 1 and section 3"
_PLR = "an MLP with the PLR embeddings of Gorishniy et al., arXiv:2203.05556"
_KIM = "Kim, arXiv:1408.5882, with a mean of embeddings"
_MEMBERS = "four of Kim, arXiv:1408.5882, side by side, as Lakshminarayanan et al., 1612.01474"
_BERT = "Vaswani et al., arXiv:1706.03762, normalised first, with BERT's positions and pooling"
_ROTARY = "GPT-2's blocks with the rotary positions of Su et al., arXiv:2104.09864"
_GPT = "GPT-2 of Radford et al., 2019, with rotary positions; width=768 depth=12 heads=12: small"

PRESETS = {
    preset.name: preset
    for preset in (
        Preset("mlp", "tfapp.models.mlp:Net", {}, 101_770, _GREY_28, "one hidden layer of 128"),
        Preset("cnn", "tfapp.models.cnn:CNN", {}, 1_199_882, _GREY_28, "PyTorch's MNIST example"),
        Preset("smallcnn", "tfapp.models.smallcnn:SmallCNN", {}, 1_185_066, _COLOUR_96, "tfapp"),
        Preset("resnet20", _RESNET, {"blocks": 3}, 269_722, _COLOUR_32, _HE),
        Preset("resnet32", _RESNET, {"blocks": 5}, 464_154, _COLOUR_32, _HE),
        Preset("resnet44", _RESNET, {"blocks": 7}, 658_586, _COLOUR_32, _HE),
        Preset("resnet56", _RESNET, {"blocks": 9}, 853_018, _COLOUR_32, _HE),
        Preset("resnet110", _RESNET, {"blocks": 18}, 1_727_962, _COLOUR_32, _HE),
        Preset("tabm", "tfapp.models.tabm:TabM", {}, 42_950, _BINNED, _TABM),
        Preset("tabular", _TABULAR, {}, 149_428, _COLUMNS, _PLR),
        Preset("text_encoder", _ENCODER, {}, 324_490, _TEXT, _KIM),
        Preset(
            "text_ensemble", "tfapp.models.text_ensemble:TextEnsemble", {}, 466_472, _TEXT, _MEMBERS
        ),
        Preset("transformer", "tfapp.models.transformer:Transformer", {}, 412_938, _TEXT, _BERT),
        Preset("causal_transformer", _CAUSAL, {}, 807_434, _TEXT, _ROTARY),
        Preset("gpt", "tfapp.models.gpt:GPT", {}, 806_144, _TEXT, _GPT, outputs=100),
    )
}
