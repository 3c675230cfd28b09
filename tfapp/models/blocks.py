"""The blocks of a model: its repeated parts, such as residual blocks and encoder layers."""

import abc

from tfapp.errors import UsageError
from tfapp.runtime import private_api


class NamesBlocks(abc.ABC):
    """A base class for a `keras.Model` that names its blocks.

    For a model whose blocks are not what `blocks_of` finds by itself, for example because they are
    two layers deep.
    """

    @abc.abstractmethod
    def named_blocks(self):
        """The blocks, none inside another.

        Called once all variables exist.

        Returns:
          a sequence of `keras.Layer`, each somewhere inside the model; () for none.
        """


def blocks_of(model):
    """The blocks of a model: those it names, or else its direct layers that have inner layers.

    Args:
      model: a `keras.Model` that has been called.

    Returns:
      a list of `keras.Layer`; layers without weights to train are left out by the rule.

    Raises:
      UsageError: the model names something that is no layer of it.
    """
    if isinstance(model, NamesBlocks):
        return _named(model)
    return [
        layer
        for layer in private_api.layers_of(model, recursive=False)
        if private_api.layers_of(layer, recursive=False) and layer.trainable_variables
    ]


def _named(model):
    known = {id(layer) for layer in private_api.layers_of(model)}
    blocks = list(model.named_blocks())
    for block in blocks:
        if id(block) not in known:
            raise UsageError(
                f"--remat: {type(model).__name__}.named_blocks names {block}, which is no layer "
                "of the model"
            )
    return blocks
