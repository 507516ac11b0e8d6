"""What the tests of all rooms share: programs, debuggers, cores that are damaged, the matrix."""
