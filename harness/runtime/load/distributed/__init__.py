"""Load from workers on other hosts: they load, keep their samples on their own disks, and hand whole shards in.

`crew` holds what the run knows of its workers, `collector` is its HTTP door, `gathering` opens it and waits for them;
`worker` is the other side. Locust's own master and workers drive the users; nothing that is judged goes through them.
"""
