"""What a dispatcher of data workers tells about itself, and how it is found.

tf.data's own client waits an hour for a dispatcher that is not there, and the service knows no
versions of TensorFlow. So a dispatcher registers a data set whose only field is called after its
version, which its clients look at first.
"""

import logging
import socket
import threading
import time

import tensorflow as tf

from tfapp.errors import UsageError

_LOG = logging.getLogger("tfapp")
ANSWER_SECONDS = 30.0  # for a dispatcher to answer: it may be starting just now
_PAUSE_SECONDS = 0.5
_CONNECT_SECONDS = 5.0
_ABOUT = "tfapp-about"  # id of the data set
_VERSION = f"tensorflow {tf.__version__}"


def announce(address):
    """Lets the dispatcher at `address`, which this process runs, tell its version."""
    about = tf.data.Dataset.from_tensors({_VERSION: 0})
    tf.data.experimental.service.register_dataset(address, about, dataset_id=_ABOUT)


def host_and_port(address):
    """("10.0.0.2", 5050) of "grpc://10.0.0.2:5050"."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    return host, int(port)


def find(address):
    """Waits until the dispatcher at `address` answers.

    Raises:
      UsageError: none does within ANSWER_SECONDS, or it runs another version of TensorFlow.
    """
    seconds, waited = ANSWER_SECONDS, False
    ends = time.monotonic() + seconds
    while reason := _missing(address, ends):
        if time.monotonic() >= ends:
            raise UsageError(
                f"--data_service={address}: no dispatcher answers within {seconds:.0f} s "
                f"({reason}); start one there with --mode=data_service "
                f"--port={host_and_port(address)[1]}"
            )
        if not waited:
            _LOG.info("data: waiting up to %.0f s for the dispatcher at %s", seconds, address)
        waited = True
        time.sleep(_PAUSE_SECONDS)


def _missing(address, ends):
    """Why the dispatcher does not answer; "" if it does. Raises UsageError as `find`."""
    try:
        socket.create_connection(host_and_port(address), _CONNECT_SECONDS).close()
    except OSError as error:
        return str(error.strerror or error)
    names = _about(address, max(ends - time.monotonic(), _PAUSE_SECONDS))
    if names is None:
        return "what listens there is no dispatcher of tfapp"
    if _VERSION not in names:
        raise UsageError(
            f"--data_service={address}: its dispatcher runs {names[0]}, this process {_VERSION}; "
            "install the same version in both places"
        )
    return ""


def _about(address, seconds):
    """Names of the fields of the data set that `announce` registers; None if there is none."""
    found = []

    def look():
        try:
            found.extend(
                tf.data.experimental.service.from_dataset_id(
                    tf.data.experimental.service.ShardingPolicy.OFF, address, dataset_id=_ABOUT
                ).element_spec
            )
        except (ValueError, tf.errors.OpError):
            return

    thread = threading.Thread(target=look, daemon=True)  # what does not answer is waited for
    thread.start()
    thread.join(seconds)
    return list(found) or None
