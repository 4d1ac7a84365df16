"""A bound on the memory of training: what asks for more gets an error, and the machine stays up."""

import resource

BYTES_A_MEGABYTE = 1_000_000


def limit_memory(megabytes: int) -> None:
    """So many megabytes at most for this process, and as many for each that it starts; 0 sets no bound."""
    if megabytes:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * BYTES_A_MEGABYTE, most))
