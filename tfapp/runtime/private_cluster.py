"""TensorFlow's multi-worker engine and its coordination service, as far as it is not promised.

Only this file touches them; tests/runtime/test_private_cluster.py names what would break.
"""

import tensorflow as tf
from tensorflow.python.distribute import collective_all_reduce_strategy as multi_worker
from tensorflow.python.eager import context

_JOB = "worker"
# A peer that has not been heard of for so long is lost, should its connection still look open.
_HEARTBEAT_SECONDS = 40
_REGISTER_SECONDS = 60  # for the server of each worker, once all of them have met


class _Extended(multi_worker.CollectiveAllReduceExtended):
    """On the devices that it is given: of a CPU, TensorFlow's own takes the first one only."""

    def __init__(self, strategy, devices, **options):
        """`devices`: of this worker, such as CPU:0."""
        self._chosen = tuple(devices)
        super().__init__(strategy, **options)

    def _initialize_local_devices(self, cluster_resolver, worker_device):
        del cluster_resolver
        kind = self._chosen[0].partition(":")[0]
        return tuple(f"{worker_device}/device:{device}" for device in self._chosen), kind


class _MultiWorker(tf.distribute.MultiWorkerMirroredStrategy):
    def __init__(self, resolver, devices, options):
        extended = _Extended(
            self, devices, cluster_resolver=resolver, communication_options=options
        )
        tf.distribute.Strategy.__init__(self, extended)


def multi_worker_strategy(addresses, worker, devices, options):
    """A strategy over the devices of all workers; returns once all their servers are there.

    Args:
      addresses: HOST:PORT of every worker.
      worker: index of this one.
      devices: of this worker, such as ("GPU:0", "GPU:1"); every worker has as many.
      options: a `tf.distribute.experimental.CommunicationOptions`.

    Raises:
      RuntimeError: TensorFlow has made its devices already.
      tf.errors.OpError: the port is taken, or a worker's server does not answer.
    """
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({_JOB: list(addresses)}),
        task_type=_JOB,
        task_id=worker,
        rpc_layer="grpc",
    )
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=f"/job:{_JOB}/replica:0/task:0",
        cluster_register_timeout_in_ms=1000 * _REGISTER_SECONDS,
        heartbeat_timeout_in_ms=1000 * _HEARTBEAT_SECONDS,
        coordinated_jobs=[
            multi_worker.coordination_config_pb2.CoordinatedJob(name=_JOB, num_tasks=len(addresses))
        ],
    )
    return _MultiWorker(resolver, devices, options)


class KeyValues:
    """The key-value store of the coordination service, which lives in worker 0.

    Every method raises tf.errors.OpError where worker 0 cannot be reached.
    """

    def put(self, key, text):
        """Sets a key, which must be a new one, to a str."""
        context.context().set_config_key_value(key, text)

    def get(self, key, seconds):
        """The text under a key, waited for; None if it is not there after so many seconds."""
        try:
            return context.context().get_config_key_value(
                key, timeout_in_ms=max(int(1000 * seconds), 1)
            )
        except tf.errors.DeadlineExceededError:
            return None

    def delete(self, key):
        """Removes a key."""
        context.context().delete_config_key_value(key)

    def abort_collectives(self, reason):
        """Ends this worker's collective operations, those that wait included, with an error."""
        context.context().abort_collective_ops(tf.errors.ABORTED, reason)
