"""Ensembles in one model: several members that share weights and are trained together."""

import abc


class Ensemble(abc.ABC):
    """A base class for a `keras.Model` that gives the outputs of its members one by one.

    Its call returns [batch, members, ...] instead of [batch, ...], in training and in inference.
    Each member is trained by its own loss, as in BatchEnsemble (Wen et al., arXiv:2002.06715);
    a task combines their outputs for everything else (`Task.combine`).
    """

    @property
    @abc.abstractmethod
    def members(self):
        """The number of members, an int of at least 1, the same for every call."""


def members_of(model):
    """The number of members of a `keras.Model`; 0 if it is no `Ensemble`."""
    return model.members if isinstance(model, Ensemble) else 0
