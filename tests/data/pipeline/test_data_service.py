"""Examples that data workers read: those of the global order, whichever worker reads them."""

import dataclasses
import pathlib
import socket

import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.data.pets import Pets
from tests.data.streams import batches, digest, in_records
from tests.image_files import make_folder
from tfapp.data.pipeline import data_service, dispatcher
from tfapp.data.pipeline.data_service import DataService
from tfapp.data.pipeline.evaluation import StreamedEvaluation
from tfapp.errors import DataError, ServiceLost, UsageError

service = tf.data.experimental.service


@dataclasses.dataclass
class Servers:
    """A dispatcher and its data workers, in this process."""

    dispatcher: service.DispatchServer
    workers: list[service.WorkerServer] = dataclasses.field(default_factory=list)

    @property
    def address(self):
        return self.dispatcher.target

    def add_worker(self):
        address = self.address.removeprefix("grpc://")
        config = service.WorkerConfig(dispatcher_address=address, heartbeat_interval_ms=100)
        self.workers.append(service.WorkerServer(config))

    def reader(self, source):
        return DataService(self.address, fail=source.bad_examples.fail)


@pytest.fixture
def servers():
    found = Servers(service.DispatchServer())
    dispatcher.announce(found.address)
    for _ in range(2):
        found.add_worker()
    yield found
    for server in (*found.workers, found.dispatcher):
        server.stop()


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "animals", each=15)


def test_the_same_batches_in_the_same_order(servers, folder):
    expected = list(batches(folder, 0, 7, windows=True))
    served = {"reader": servers.reader, "windows": True}
    assert digest(batches(folder, 0, 7, **served)) == digest(expected)
    assert digest(batches(folder, 4, 3, **served)) == digest(expected[4:])
    assert digest(batches(folder, 4, 3, replicas=2, **served)) == digest(expected[4:])


def test_tfrecords_are_served(servers, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    records = in_records(tmp_path, folder)
    expected = digest(batches(records, 2, 3))
    assert digest(batches(records, 2, 3, reader=servers.reader)) == expected


def evaluated(split, reader=None):
    options = {} if reader is None else {"reader": reader}
    inputs = StreamedEvaluation(
        split, strategy=tf.distribute.get_strategy(), batch_size=8, **options
    )
    iterator = inputs.start()
    for step in range(inputs.num_steps):
        batch = inputs.batch(inputs.pull(iterator, tf.constant(step, tf.int64)), 0)
        yield {name: value.numpy() for name, value in batch.items()}


def test_evaluation_is_served(servers, folder):
    source = open_all(f"folder:{folder}")
    split = source.splits["train"]
    found = list(evaluated(split, servers.reader(source)))
    assert len(found) == 5
    assert digest(found) == digest(evaluated(split))


def test_bad_examples_are_found_counted_and_replaced_as_without_a_service(servers, folder):
    path = pathlib.Path(open_all(f"folder:{folder}").splits["train"].name_of(7))
    path.write_bytes(path.read_bytes()[:300])
    allowed = {"max_bad_examples": "1"}
    expected = digest(batches(folder, 0, 4, **allowed))
    assert digest(batches(folder, 0, 4, reader=servers.reader, **allowed)) == expected
    with pytest.raises(DataError, match=f"{path}: is a damaged or truncated JPEG; repair it"):
        list(batches(folder, 0, 4, reader=servers.reader))


def test_files_that_only_this_machine_sees(servers, folder):
    """While data workers look for them, they are somewhere else."""

    def reader(source):
        found = servers.reader(source)
        served = found._served

        def hidden(asked):
            aside = folder.rename(folder.with_name("aside"))
            pieces = list(served(asked.take(1)))
            aside.rename(folder)
            yield from pieces

        found._served = hidden
        return found

    with pytest.raises(
        DataError, match=r"a data worker cannot read \S+JPG or one of 11 read with it, which can be"
    ):
        list(batches(folder, 0, 1, reader=reader))


def test_without_data_workers(folder, monkeypatch):
    monkeypatch.setattr(data_service, "GIVE_UP_SECONDS", 1.0)
    alone = Servers(service.DispatchServer())
    with pytest.raises(ServiceLost, match="sent nothing for 1 s") as caught:
        list(batches(folder, 0, 1, reader=alone.reader))
    assert caught.value.exit_code == 75


def test_data_in_memory_or_read_by_python_is_not_served(servers, folder, tmp_path, make_config):
    from tfapp.experiment.prepare import prepare

    pathlib.Path("t.csv").write_text("a,label\n" + "\n".join(f"{i % 7},{i % 2}" for i in range(40)))
    builder = Pets(data_dir=str(tmp_path / "tfds"), file_format="array_record")
    builder.download_and_prepare()
    for dataset, why in (
        ("csv:t.csv", "it is held in memory"),
        (f"tfds:{builder.data_dir}", "its records are read by Python"),
    ):
        config = make_config(dataset=dataset, data_service=servers.address)
        with pytest.raises(UsageError, match=f"^--data_service={servers.address}: .*{why}"):
            prepare(config)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(dispatcher, "ANSWER_SECONDS", 1.0)


def test_a_dispatcher_is_found(servers):
    dispatcher.find(servers.address)


def test_no_dispatcher(impatient):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with pytest.raises(
        UsageError,
        match=rf"^--data_service=grpc://localhost:{port}: no dispatcher answers within 1 s "
        rf"\(Connection refused\); start one there with --mode=data_service --port={port}$",
    ):
        dispatcher.find(f"grpc://localhost:{port}")
    with pytest.raises(UsageError, match=r"grpc://no.such.host.invalid:1: .*\(.*[nN]ame.*\)"):
        dispatcher.find("grpc://no.such.host.invalid:1")


def test_something_else_listens_there(impatient):
    with socket.socket() as other:
        other.bind(("localhost", 0))
        other.listen()
        with pytest.raises(UsageError, match="what listens there is no dispatcher of tfapp"):
            dispatcher.find(f"grpc://localhost:{other.getsockname()[1]}")


def test_a_dispatcher_of_another_version(servers, monkeypatch):
    monkeypatch.setattr(dispatcher, "_VERSION", "tensorflow 2.99.0")
    with pytest.raises(
        UsageError, match=f"runs tensorflow {tf.__version__}, this process tensorflow 2.99.0"
    ):
        dispatcher.find(servers.address)
