"""Every edge to the machine: processes, the stack, load generators, the HTTP clients.

`process` and `kept` start what must not outlive the harness, `http` asks with limits, `files` reads and writes with
limits, `prometheus.Prometheus` asks for evidence, `stack.embedded` starts a target, `load.locust_generator.load` loads
it.
"""
