"""The process and its machine: environment, atomic files, caches, host facts, threads, clock."""
