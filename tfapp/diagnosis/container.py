"""Which kind of container this process runs in, if any.

A mark alone proves nothing: machines are booted from the images of containers, which keep their
/.dockerenv, and environment variables are inherited. A process in the kernel's first namespaces,
with a root of its own, is in no container whatever the marks say.
"""

import contextlib
import os
import re

from tfapp.runtime import host

# Inodes of the kernel's first namespaces, from include/linux/proc_ns.h.
_FIRST = {"ipc": "ipc:[4026531839]", "uts": "uts:[4026531838]", "pid": "pid:[4026531836]"}
# What managers of containers call the control groups they make.
_GROUPS = {
    "kubernetes": r"/kubepods",
    "docker": r"/docker[/-]",
    "podman": r"/libpod[_-]",
    "containerd": r"/(cri-)?containerd-",
    "lxc": r"/lxc[/.]",
}
_OVERLAY = "overlay"


def container(root, environ):
    """docker, podman, kubernetes, ...; "" outside of containers.

    Args:
      root: path of the folder that holds this machine's files.
      environ: the environment variables.
    """
    if _is_whole_machine(root):
        return ""
    return _mark(root, environ) or ("container" if _is_confined(root) else "")


def _mark(root, environ):
    if (root / "run/.containerenv").exists():
        return "podman"
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    if (root / ".dockerenv").exists():
        return "docker"
    for named in (environ.get("container"), host.read(root / "run/systemd/container").strip()):
        if named:
            return named
    groups = host.read(root / "proc/self/cgroup") + host.read(root / "proc/1/cgroup")
    return next((name for name, path in _GROUPS.items() if re.search(path, groups)), "")


def _is_whole_machine(root):
    return all(_namespace(root, name) == _FIRST[name] for name in _FIRST) and not _is_layered(root)


def _is_confined(root):
    """Whether processes of other namespaces exist, and the root is that of an image."""
    return _namespace(root, "pid") not in ("", _FIRST["pid"]) and _is_layered(root)


def _is_layered(root):
    """Whether the root directory is an overlay, as images of containers are mounted."""
    mounts = host.read(root / "proc/self/mountinfo").splitlines()
    fields = [line.split() for line in mounts]
    return any(f[4:5] == ["/"] and _OVERLAY in f[f.index("-") :][1:2] for f in fields if "-" in f)


def _namespace(root, name):
    """What identifies a namespace of this process; "" if the system does not tell."""
    with contextlib.suppress(OSError):
        return os.readlink(root / "proc/self/ns" / name)
    return ""
