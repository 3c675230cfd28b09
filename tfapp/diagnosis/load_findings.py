"""What makes a sound machine slow at the moment: its neighbours, and what it is not given."""

from tfapp.diagnosis.finding import WARNING, Finding

_BUSY = 0.2  # share of the cores in use by others
_STEAL = 0.05
_THROTTLED = 0.1
_PRESSURE = 0.1
_SWAP = 1 << 20  # bytes a second


def find(facts):
    """A list of `Finding`."""
    return [*_processor(facts), *_withheld(facts), *_memory(facts.load)]


def neighbours(load):
    """The busiest other processes as text: "python (4242) 1.0, ld (17) 0.8"."""
    return ", ".join(f"{n.name} ({n.pid}) {n.cores:.1f}" for n in load.neighbours)


def _processor(facts):
    load, cores = facts.load, facts.host.cores
    fix = "wait until they have ended: until then, training and all that is measured is slower"
    if load.busy_cores >= _BUSY * cores:
        named = f": {neighbours(load)}" if load.neighbours else ""
        what = f"other processes use {load.busy_cores:.1f} of {cores} cores{named}"
        yield Finding(WARNING, what, fix)
    elif load.average > cores:
        what = f"in the last minute {load.average:.1f} processes wanted the {cores} cores"
        yield Finding(WARNING, what, fix)


def _withheld(facts):
    load, host = facts.load, facts.host
    if load.steal >= _STEAL:
        what = f"the hypervisor gives {load.steal:.0%} of the processor time to other machines"
        yield Finding(WARNING, what, "train at a quieter time, or on a machine with its own cores")
    if load.throttled >= _THROTTLED:
        what = f"the limit of {host.core_limit:g} cores pauses {load.throttled:.0%} of the time"
        if not host.core_limit:
            what = f"a limit of processor time pauses {load.throttled:.0%} of the time"
        limit = "--cpus" if host.container else "the limit"
        fix = f"raise {limit}, or set TF_NUM_INTRAOP_THREADS={max(1, int(host.core_limit))}"
        yield Finding(WARNING, what, fix)


def _memory(load):
    fix = "end other programs, or lower --batch_size"
    if load.swap_bytes >= _SWAP:
        what = f"the machine swaps {load.swap_bytes / 2**20:,.0f} MiB/s"
        yield Finding(WARNING, what, fix)
    elif load.memory_pressure >= _PRESSURE:
        what = f"processes wait for memory {load.memory_pressure:.0%} of the time"
        yield Finding(WARNING, what, fix)
