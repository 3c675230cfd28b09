"""LARS, for batches of thousands: You, Gitman, Ginsburg, arXiv:1708.03888."""

import keras
from keras import ops

from tfapp.runtime import private_optimizer


class LARS(keras.optimizers.Optimizer):
    """Momentum SGD whose rate is scaled, layer by layer, by |weights| / |gradient|.

    Vectors (biases, normalisation) are neither scaled nor decayed, as in the MLPerf reference.
    """

    def __init__(
        self, learning_rate=0.1, momentum=0.9, trust=1e-3, decay=0.0, name="lars", **kwargs
    ):
        """
        Args:
          learning_rate: global rate.
          momentum: of the scaled gradient.
          trust: coefficient of the ratio of norms.
          decay: L2 factor, inside the ratio.
        """
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum, self.trust, self.decay = momentum, trust, decay

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self._velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        if len(variable.shape) > 1:
            weight_norm, gradient_norm = ops.norm(variable), ops.norm(gradient)
            denominator = gradient_norm + self.decay * weight_norm
            both = ops.logical_and(weight_norm > 0, denominator > 0)
            ratio = self.trust * weight_norm / ops.where(both, denominator, 1.0)
            rate = rate * ops.where(both, ratio, 1.0)
            gradient = gradient + self.decay * variable
        velocity = self._velocities[private_optimizer.variable_index(self, variable)]
        self.assign(velocity, velocity * self.momentum + gradient * rate)
        self.assign_sub(variable, velocity)

    def get_config(self):
        own = {"momentum": self.momentum, "trust": self.trust, "decay": self.decay}
        return {**super().get_config(), **own}
