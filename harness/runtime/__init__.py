"""Every edge to the machine: processes, the stack, load generators, the HTTP clients."""
