"""Examples that data workers read: those of the global order, whichever worker reads them."""

import dataclasses
import pathlib
import socket

import numpy as np
import pytest
import tensorflow as tf

from tests.data.pets import Pets
from tests.data.streams import batches, digest, in_records
from tests.image_files import make_folder
from tfapp.data.pipeline import data_service, dispatcher
from tfapp.data.pipeline.data_service import NUMBER, DataService
from tfapp.data.pipeline.evaluation import StreamedEvaluation
from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.example_loader import ExampleLoader
from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.reader import Reader
from tfapp.data.splits.source import Source
from tfapp.errors import DataError, ServiceLost, UsageError
from tfapp.experiment.prepare import prepare
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

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


class NumberReader(Reader):
    """Rows are files that hold a number; reading them is quick to start, unlike decoding images."""

    example_nbytes = 4

    def __init__(self, folder):
        self.folder = folder

    def read(self, row, seed=None):
        name = tf.strings.join([f"{self.folder}/", tf.strings.as_string(row)])
        return {"x": tf.strings.to_number(tf.io.read_file(name))}

    def where(self, row):
        return f"{self.folder}/{row}"

    def reason(self, row):
        return "is no number"

    def content(self, row):
        return pathlib.Path(self.where(row)).read_bytes()


@pytest.fixture
def numbers(tmp_path):
    """A function that opens a `Source` of 100 such files, each of which holds its own number."""
    folder = tmp_path / "numbers"
    folder.mkdir()
    for i in range(100):
        (folder / str(i)).write_text(str(i))

    def opened(max_bad_examples="0"):
        bad = BadExamples(max_bad_examples)
        loader = ExampleLoader(NumberReader(folder), label="label", bad_examples=bad)
        split = FileSplit(loader, np.arange(100), np.arange(100) % 3)
        spec = DataSpec(
            "numbers",
            (FeatureSpec("x", "numeric", (), "float32"),),
            LabelSpec("label", "class", 3, ("a", "b", "c")),
        )
        return Source(spec, {"train": split}, bad)

    opened.folder = folder
    return opened


def test_the_same_batches_in_the_same_order(servers, numbers):
    expected = list(batches(numbers(), 0, 30))
    for first, replicas in ((0, 1), (13, 1), (13, 2)):
        found = batches(numbers(), first, 30 - first, replicas=replicas, reader=servers.reader)
        assert digest(found) == digest(expected[first:])


@pytest.mark.slow
def test_images_in_folders_and_tfrecords(servers, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = make_folder(tmp_path / "animals", each=15)
    for data in (folder, in_records(tmp_path, folder)):
        expected = digest(batches(data, 2, 3, windows=True))
        assert digest(batches(data, 2, 3, windows=True, reader=servers.reader)) == expected


def evaluated(source, reader=HERE):
    inputs = StreamedEvaluation(
        source.splits["train"],
        strategy=tf.distribute.get_strategy(),
        batch_size=8,
        reader=reader,
    )
    iterator = inputs.start()
    for step in range(inputs.num_steps):
        batch = inputs.batch(inputs.pull(iterator, tf.constant(step, tf.int64)), 0)
        yield {name: value.numpy() for name, value in batch.items()}


def test_evaluation(servers, numbers):
    source = numbers()
    found = list(evaluated(source, servers.reader(source)))
    assert len(found) == 13
    assert digest(found) == digest(evaluated(source))


def test_bad_examples_are_found_counted_and_replaced_as_without_a_service(servers, numbers):
    (numbers.folder / "7").write_text("seven")
    here, served = numbers("1"), numbers("1")
    expected = digest(batches(here, 0, 16))  # two epochs, of which each leaves four examples over
    assert digest(batches(served, 0, 16, reader=servers.reader)) == expected
    assert served.bad_examples.count == here.bad_examples.count == 1
    with pytest.raises(DataError, match=f"{numbers.folder}/7: is no number; repair it"):
        list(batches(numbers(), 0, 16, reader=servers.reader))


def test_files_that_only_this_machine_sees(servers, numbers):
    """While data workers look for them, they are somewhere else."""

    def reader(source):
        found = servers.reader(source)
        served = found._served

        def hidden(asked):
            aside = numbers.folder.rename(numbers.folder.with_name("aside"))
            pieces = list(served(asked.take(1)))
            aside.rename(numbers.folder)
            yield from pieces

        found._served = hidden
        return found

    with pytest.raises(
        DataError,
        match=r"a data worker cannot read \S+numbers/\d+ or one of 11 read with it, which",
    ):
        list(batches(numbers(), 0, 1, reader=reader))


def test_pieces_that_get_lost_are_read_here(servers, numbers, caplog):
    def reader(source):
        found = servers.reader(source)
        served = found._served
        found._served = lambda asked: served(asked).filter(lambda piece: piece[NUMBER] % 5 != 2)
        return found

    source = numbers()
    found = evaluated(source, reader(source))
    assert digest(found) == digest(evaluated(source))
    assert "did not come in time and will be read here" in caplog.text


def test_without_data_workers(numbers, monkeypatch):
    monkeypatch.setattr(data_service, "GIVE_UP_SECONDS", 1.0)
    alone = Servers(service.DispatchServer())
    with pytest.raises(ServiceLost, match="sent nothing for 1 s") as caught:
        list(batches(numbers(), 0, 1, reader=alone.reader))
    assert caught.value.exit_code == 75


def test_data_in_memory_or_read_by_python_is_not_served(servers, tmp_path, make_config):
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
