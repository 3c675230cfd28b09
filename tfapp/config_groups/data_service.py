"""Data workers: processes on other machines that read and decode examples for training."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Data service")


@dataclasses.dataclass(frozen=True)
class DataService:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    data_service: str = _flag("",
        "grpc://HOST:PORT of a dispatcher, whose data workers read and decode the files of a data "
        "set for this run; in the mode data_service: of the dispatcher that this process's data "
        "workers join, instead of running one", resolved=False)
    data_workers: int = _flag(1,
        "data workers of the mode data_service; one uses all cores; 0: the dispatcher alone",
        least=0, resolved=False)
    data_host: str = _flag("",
        "name or address by which others reach the machine of data workers; by default that of its "
        "network interface", resolved=False)
    port: int | str = _flag("auto",
        "of --mode=serve, of the dispatcher or, where one is joined, of its data worker; 0: any "
        "that is free; auto: 8501 for the mode serve, else any that is free",
        number=int, words=("auto",), least=0, most=65535, resolved=False)
    # fmt: on
