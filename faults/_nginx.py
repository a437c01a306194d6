"""nginx in front of the target, for the faults that need a real proxy."""

from harness.faults import Sidecar

NEEDS = ("nginx",)
FILE = "nginx.conf"
_MAIN = """\
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  proxy_set_header Host $http_host;
"""
_START = """\
import grp, os, pathlib, pwd, sys

directory, *ports = sys.argv[1:]
path = pathlib.Path(directory, "nginx.conf")
text = path.read_text()
for name, port in (item.split("=") for item in ports):
    text = text.replace(f"@{name}@", port)
path.write_text(text)
command = ["nginx", "-e", "stderr", "-p", directory, "-c", str(path)]
if os.geteuid() == 0:  # else its workers are another user, who may not reach this directory
    command += ["-g", f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"]
os.execvp("nginx", command)
"""


def files(http: str) -> dict[str, str]:
    """The modules of a fault with nginx; `http` is the inside of its http block, with `@port@` and other ports."""
    return {FILE: f"{_MAIN}{http}}}\n", "start_nginx.py": _START}


def proxy(*ports: str) -> Sidecar:
    """The proxy as a process `proxy`; `ports` are placeholders of the other ports that its file names."""
    named = (f"{name}={{{name}}}" for name in ("port", *ports))
    return Sidecar("proxy", ("{python}", "{fault}/start_nginx.py", "{fault}", *named))
