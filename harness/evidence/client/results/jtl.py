"""JMeter's results as CSV (JTL), with the columns that JMeter 5 saves by default.

`timeStamp` is the start or the end of a sample, as `sampleresult.timestamp.start` decides; the profile's `columns` say
which, and where they do not, the start is only known to within the sample's duration. Both it and `elapsed` are whole
milliseconds. The method is not saved: a label that begins with one says it, or the profile's `methods` do. The rows of
transactions are sums of others.

Source: https://jmeter.apache.org/usermanual/listeners.html#csvlogformat.
"""

from collections.abc import Iterator

from harness.config.load_command import METHODS
from harness.config.profile import LoadCommand
from harness.evidence.client.results.base import (
    Beside,
    Lines,
    Place,
    Row,
    duration_s,
    method_of,
    resolution_s,
    status_of,
    table,
    time_s,
)
from harness.evidence.client.schema import Exchange

COLUMNS = ("timeStamp", "elapsed", "label", "responseCode", "URL")
ADVICE = (
    "save CSV with field names and URLs (jmeter.save.saveservice.output_format=csv, print_field_names=true, url=true)"
)
NO_URL = frozenset({"", "null"})
TRANSACTION = "Number of samples in transaction"
NO_RESPONSE = "Non HTTP response code"


def read(lines: Lines, command: LoadCommand, place: Place, beside: Beside) -> Iterator[Row]:
    """The HTTP samples. Raises ResultError."""
    for line, row in table(lines, COLUMNS, ADVICE):
        if row["URL"] in NO_URL:
            beside.elsewhere += not row.get("responseMessage", "").startswith(TRANSACTION)
        elif not place.is_target(row["URL"], line):
            beside.elsewhere += 1
        else:
            yield line, _exchange(line, row, command, beside)
        users = row.get("allThreads", "")
        beside.peak_users = max(beside.peak_users, int(users) if users.isdecimal() else 0)


def _exchange(line: int, row: dict[str, str], command: LoadCommand, beside: Beside) -> Exchange:
    fine_s = resolution_s(row["elapsed"], "ms")
    took_s = duration_s(row["elapsed"], "ms", "elapsed", line)
    at_s = time_s(row["timeStamp"], "ms", "timeStamp", line)
    known = {*command.columns}
    beside.latency_resolution_s = max(beside.latency_resolution_s, fine_s)
    beside.start_resolution_s = max(beside.start_resolution_s, fine_s + (0 if known else took_s))
    code, label = row["responseCode"], row["label"]
    lost = code == "" or code.startswith(NO_RESPONSE)
    first = label.split(" ", 1)[0].upper()
    message = row.get("failureMessage") or row.get("responseMessage") or code
    failed = lost or row.get("success") == "false"
    return Exchange(
        started_s=at_s - took_s if "end" in known else at_s,
        latency_s=took_s + fine_s,
        method=method_of(label, first if first in METHODS else "", command, line),
        name=label,
        status=0 if lost else status_of(code, line),
        server_timing="",
        error=(message or "no response") if failed else None,
        bytes=int(row["bytes"]) if row.get("bytes", "").isdecimal() else 0,
        url=row["URL"],
        hop=0,
    )
