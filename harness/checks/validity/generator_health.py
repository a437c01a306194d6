"""Did the load generator do what was planned, and is every sample present?"""

from harness.checks.base import Check, Facts, Unseen, inconclusive, labels_of, settled
from harness.checks.delivery import no_request_recorded
from harness.core.codes import Code, FindingCode
from harness.core.query import Query
from harness.core.run import Run, ShardState
from harness.core.verdict import Finding, Verdict
from harness.evidence.client.summary import ALL

ID = "generator-health"
MOST_NEVER_BEGUN = 0.05
"""Share of the planned arrivals: a load further off its plan is another load."""
NOTABLE_RATIO = 1.5
"""The p95 from the intended start is at least this many times that from the actual one: worth a finding."""
NOT_FOUND = 404
DURATION_SLACK_S = 2.0
"""Of runs that recorded no more than pulses: one is written every second, the last one begun is not."""


def queries(_run: Run) -> tuple[Query, ...]:
    """Nothing is asked of Prometheus."""
    return ()


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """A verdict per shard, then on the load delivered and on saturation."""
    verdicts = [_judge_shard(state) for state in facts.shards]
    if not facts.client.rows and not any(state.problem for state in facts.shards):
        why = f"{no_request_recorded(facts.run.generator)}; does the scenario send any?"
        verdicts.append(inconclusive(ID, "samples", Code.NO_SAMPLES, why))
    elif not facts.client.responses:
        why = f"none of {facts.client.lost} requests was answered; is the target up?"
        verdicts.append(inconclusive(ID, "samples", Code.NO_SAMPLES, why))
    return (*verdicts, _judge_load(facts), *_judge_arrivals(facts), _judge_saturation(facts), *_findings(facts))


def _judge_shard(state: ShardState) -> Verdict:
    subject, counted, labels = state.shard.file, state.shard.rows, {"file": state.shard.file}
    if state.problem:
        remedy = "bring them with `harness collect`" if state.shard.missing and state.shard.worker else "run again"
        why = f"{state.problem}; samples are lost, so nothing that counts them can be judged: {remedy}"
        code = Code.SAMPLES_LOST
        return inconclusive(
            ID, subject, code, why, expected=counted, observed=state.rows, unit="samples", labels=labels
        )
    if state.contradiction:
        why = f"{state.contradiction}: it was changed after the run"
        code = Code.CHANGED
        return settled(ID, subject, code, why, expected=counted, observed=state.rows, unit="samples", labels=labels)
    same = counted == state.rows
    why = f"closed with {counted:,} samples" + (
        "" if same else f", but holds {state.rows:,}: it was changed after the run"
    )
    code = Code.AGREES if same else Code.CHANGED
    return settled(ID, subject, code, why, expected=counted, observed=state.rows, unit="samples", labels=labels)


def _judge_load(facts: Facts) -> Verdict:
    health = facts.run.generator
    for shard in facts.run.shards:
        if shard.problem and shard.phase == "measure":
            why = f"the load of worker {shard.worker} did not end as planned: {shard.problem}; run again"
            return inconclusive(ID, "load", Code.LOAD_CUT, why)
    ended = f"{health.tool} ended with exit code {health.exit_code}; see {health.log}"
    if facts.delivery.cut:
        return inconclusive(ID, "load", facts.delivery.cut_code, f"{facts.delivery.cut}; see {health.log}; run again")
    if health.exit_code not in health.accepted_exits:
        return inconclusive(ID, "load", Code.GENERATOR_CRASHED, ended)
    if health.is_command:
        why = f"{health.tool} ran for {health.duration_s:.1f} s and ended with exit code {health.exit_code}"
        planned_s, lasted_s = health.planned_duration_s, health.duration_s
        return settled(ID, "load", Code.AGREES, why, expected=planned_s, observed=lasted_s, unit="s")
    missing = health.planned_users - health.peak_users
    short_s = health.planned_duration_s - health.duration_s
    why = (
        f"{health.peak_users} of {health.planned_users} users for {health.duration_s:.0f} s "
        f"of {health.planned_duration_s:.0f} s"
    )
    if missing > 0 or (health.loaded_s is None and short_s > DURATION_SLACK_S):
        why = f"the planned load was not delivered: {why}; lengthen the run or lower the users"
        return inconclusive(ID, "load", Code.NOT_DELIVERED, why)
    planned, peak = health.planned_users, health.peak_users
    return settled(ID, "load", Code.AGREES, why, expected=planned, observed=peak, unit="users")


def _judge_arrivals(facts: Facts) -> tuple[Verdict, ...]:
    """Of an open model: were the planned arrivals begun?"""
    health, rate = facts.run.generator, facts.run.arrival_rate
    planned, begun = health.planned_arrivals, health.begun_arrivals
    if rate is None and planned is None:
        return ()
    if rate is not None and (not planned or begun is None):
        why = f"no arrival was planned at {rate:g}/s; lengthen the run"
        return (inconclusive(ID, "arrivals", Code.NOT_DELIVERED, why),)
    assert planned is not None
    assert begun is not None
    why = f"{begun:,} of {planned:,} planned arrivals were begun"
    if facts.delivery.cut:
        why, code = f"{why}: {facts.delivery.cut}", facts.delivery.cut_code
        return (inconclusive(ID, "arrivals", code, why, expected=planned, observed=begun, unit="arrivals"),)
    if facts.delivery.never_begun > MOST_NEVER_BEGUN * planned or begun > planned:
        keeps = "the rate" if rate is None else f"{rate:g}/s"
        why += (
            f", {begun / planned - 1:+.1%} (limit {MOST_NEVER_BEGUN:.0%}): all {health.peak_users} users waited for "
            f"answers, so the target does not keep up with {keeps}, or the load generator does not"
        )
        code = Code.NOT_DELIVERED
        return (inconclusive(ID, "arrivals", code, why, expected=planned, observed=begun, unit="arrivals"),)
    return (settled(ID, "arrivals", Code.AGREES, why, expected=planned, observed=begun, unit="arrivals"),)


def _judge_saturation(facts: Facts) -> Verdict:
    health, budget = facts.run.generator, facts.run.budget
    delivery = facts.delivery
    if delivery.saturated:
        remedy = "give it more cores, or less to do" if health.is_command else "use --workers"
        if delivery.saturated_code is Code.GENERATOR_STALLED:
            remedy = "leave the machine to the run"
        why = f"{delivery.saturated}: do not trust the client's latencies (counts and witness are unaffected); {remedy}"
        return inconclusive(ID, "saturation", delivery.saturated_code, why)
    lag = f"lagged by {(health.loop_lag_s or 0) * 1000:.0f} ms"
    why = f"{health.tool} used {health.cpu_ratio:.0%} of a core, its loop {lag}"
    if health.is_command:
        why = f"{health.tool} used {health.cpu_ratio:.0%} of its CPU, a process beside it {lag}"
    return settled(
        ID,
        "saturation",
        Code.AGREES,
        why,
        observed=health.cpu_ratio,
        expected=budget.max_generator_cpu_ratio,
        unit="ratio",
    )


def _findings(facts: Facts) -> list[Finding]:
    health = facts.run.generator
    findings = []
    if health.user_errors:
        first = f", first {health.first_user_error}" if health.first_user_error else ""
        text = f"{health.user_errors} tasks of the scenario raised{first}; see {health.log}"
        findings.append(Finding(FindingCode.USER_ERRORS, "scenario", text, ID))
    if health.shaped:
        text = (
            f"the locustfile's LoadTestShape decided how many users there were, up to {health.peak_users}, for "
            f"{health.duration_s:.0f} s; --users has no effect beside it, and --duration ends it"
        )
        findings.append(Finding(FindingCode.LOAD_SHAPE, "load", text, ID))
    answered = facts.client.answered
    if answered and all(status == NOT_FOUND or view == facts.names.unrouted for view, _, status in answered):
        text = (
            f"none of {facts.client.responses:,} responses came from a view of the app: each was a 404 or had no view; "
            "check the paths of the scenario and the target's URL"
        )
        findings.append(Finding(FindingCode.NO_VIEW_REACHED, "scenario", text, ID))
    dropped = facts.delivery.never_begun
    if dropped and not facts.delivery.cut:
        text = (
            f"{dropped:,} of {health.planned_arrivals:,} arrivals were dropped (all users busy); counted "
            "as over any limit"
        )
        findings.append(Finding(FindingCode.NEVER_BEGUN, "client", text, ID))
    findings += _omission(facts)
    if health.elsewhere:
        text = f"{health.elsewhere} requests went to hosts other than the target and are not judged"
        findings.append(Finding(FindingCode.OTHER_HOSTS, "scenario", text, ID))
    findings += _unrecorded(facts)
    if facts.client.lost:
        text = (
            f"{facts.client.lost} requests had no response (time-out or connection error); the target may have "
            "counted them"
        )
        findings.append(Finding(FindingCode.NO_RESPONSE, "client", text, ID))
    return findings + _repeats(facts)


def _unrecorded(facts: Facts) -> list[Finding]:
    """Requests that were sent and have no sample."""
    health, texts = facts.run.generator, []
    if health.unrecorded and health.is_command:
        texts.append(
            f"up to {health.unrecorded} requests were in flight when {health.tool} ended its load, and have no sample; "
            "the target may have counted them: let its users finish (k6: gracefulStop)"
        )
    elif health.unrecorded:
        texts.append(
            f"{health.unrecorded} requests were sent, but Locust never reported their end: a task raised inside a "
            "`with` of catch_response, or waited longer than stop_timeout; the target has counted them"
        )
    if facts.hidden_redirects:
        texts.append(
            f"up to {facts.hidden_redirects} requests were sent on by redirects that {health.tool} followed and has no "
            "sample of: counts may be so much higher; do not follow redirects (vegeta: -redirects=-1)"
        )
    return [Finding(FindingCode.UNRECORDED, "client", text, ID) for text in texts]


def _repeats(facts: Facts) -> list[Finding]:
    """Answers that came again, by the witness's numbers."""
    before = (
        "repeat an earlier response and never reached the app: a proxy or CDN answered them from its cache, or merged "
        "requests; they are in no expectation, and no metric of the app knows them"
    )
    inside = (
        "reached the app and repeat an earlier response: something between the two middlewares of "
        f"{facts.names.advice.library} answered them from a cache"
    )
    kinds = (
        (FindingCode.CACHED_ANSWERS, facts.client.replayed, before),
        (FindingCode.CACHED_BETWEEN, facts.client.between, inside),
    )
    return [
        Finding(
            code,
            f"{view} {method} {status}",
            f"{number:,} responses {text}",
            ID,
            labels_of((view, method), status=str(status)),
        )
        for code, found, text in kinds
        for (view, method, status), number in sorted(found.items())
    ]


def _omission(facts: Facts) -> list[Finding]:
    latency = facts.client.latency.get(ALL)
    if latency is None or not latency.intended.n or facts.delivery.saturated:
        return []
    meant_s, actual_s = latency.intended.quantiles_s[0.95], latency.client.quantiles_s[0.95]
    if meant_s < NOTABLE_RATIO * actual_s:
        return []
    text = (
        f"p95 is {meant_s * 1000:.4g} ms from the intended start and {actual_s * 1000:.4g} ms from the actual one: "
        "requests waited to be sent, which a figure from the actual start omits (coordinated omission)"
    )
    return [Finding(FindingCode.COORDINATED_OMISSION, "client", text, ID)]


CHECK = Check(
    ID,
    queries,
    judge,
    frozenset(
        {
            Code.AGREES,
            Code.CHANGED,
            Code.GENERATOR_CRASHED,
            Code.GENERATOR_STALLED,
            Code.LOAD_CUT,
            Code.NO_SAMPLES,
            Code.NOT_DELIVERED,
            Code.SAMPLES_LOST,
            Code.SATURATED,
        }
    ),
    unseen=(
        Unseen(
            "bursts-of-saturation",
            "A generator that was saturated in less than half of the seconds",
            "the median of its CPU hides bursts, unless the event loop lags",
        ),
        Unseen(
            "closed-model",
            "Whether a closed model made the requests per second that were meant",
            "only its users and duration are planned",
        ),
        Unseen(
            "changed-samples",
            "A shard that was changed and kept its number of rows",
            "the recorder closes a shard with that number",
        ),
    ),
)
