"""Models by name, and how one is built from its class and --model_arg."""

import inspect

import keras

from tfapp.errors import UsageError
from tfapp.flag_values import parse_arguments
from tfapp.registry import Registry, suggest

MODELS = Registry(
    "model",
    {
        "mlp": "tfapp.models.mlp:Net",
        "cnn": "tfapp.models.cnn:CNN",
        "resnet20": "tfapp.models.resnet_cifar:ResNetCifar",
        "tabular": "tfapp.models.tabular:Tabular",
        "text_encoder": "tfapp.models.text_encoder:TextEncoder",
        "causal_transformer": "tfapp.models.causal_transformer:CausalTransformer",
        "smallcnn": "tfapp.models.smallcnn:SmallCNN",
    },
)


def build_model(name, model_args, outputs, inputs=()):
    """Builds the model `name`.

    Args:
      name: registered name or package.module:Class.
      model_args: "name=value" strings for the constructor.
      outputs: width of the last layer; passed as `outputs` to a constructor that takes it.
      inputs: an `InputSpec` for each feature; passed as `inputs` to a constructor that takes it.

    Returns:
      A `keras.Model` whose call gives logits [batch, outputs].

    Raises:
      UsageError: unknown name or argument, or the constructor refuses its arguments.
    """
    target = MODELS.get(name)
    arguments = parse_arguments(model_args, "model_arg")
    accepted = _parameters(target)
    if accepted is not None:
        for key in arguments:
            if key not in accepted:
                raise UsageError(
                    f"--model_arg={key}: {name} takes {', '.join(accepted) or 'no arguments'}"
                    + suggest(key, accepted)
                )
        for key, value in (("outputs", outputs), ("inputs", inputs)):
            if key in accepted:
                arguments.setdefault(key, value)
    try:
        model = target(**arguments)
    except Exception as error:  # a constructor may raise anything, a user's own all the more
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"--model={name}: {message}") from error
    if not isinstance(model, keras.Model):
        raise UsageError(f"--model={name}: gives a {type(model).__name__}, not a keras.Model")
    return model


def _parameters(target):
    """Names the constructor accepts; None if it takes any keyword."""
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD and p.name != "kwargs" for p in parameters.values()):
        return None
    return [
        p.name for p in parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
