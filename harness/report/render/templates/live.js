"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const say = (id, text) => {
    const node = at(id);
    if (node.textContent !== text) node.textContent = text;
  };
  const shown = (value, format) => (value == null ? "–" : format(value));
  const whole = (value) => Math.round(value).toLocaleString("en");
  const seconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const marks = { pass: "✓", fail: "✗", inconclusive: "?" };
  const words = { pass: "holds", fail: "wrong", inconclusive: "not known" };
  const charts = [
    { title: "requests per second", unit: "rate", client: "client", metric: "metric" },
    { title: "5xx responses per second", unit: "rate", client: "client_errors", metric: "metric_errors" },
    { title: "p95 latency", unit: "s", client: "client_p95_s", metric: "metric_p95_s" },
  ];
  const ring = 15 * 60;
  let points = new Map();
  let run = "";
  let last = null;
  let came = 0;
  let update = null;

  const drawn = () => {
    const own = [...points.values()].sort((a, b) => a.elapsed_s - b.elapsed_s);
    return {
      time: own.map((point) => point.elapsed_s),
      charts: charts.map((chart) => ({
        title: chart.title,
        unit: chart.unit,
        client: own.map((point) => point[chart.client] ?? null),
        metric: own.map((point) => point[chart.metric] ?? null),
      })),
    };
  };

  const row = (figure) => {
    const made = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = figure.name;
    made.append(head);
    for (const value of [figure.client, figure.metric]) {
      const cell = document.createElement("td");
      cell.textContent = shown(value, showNumber[figure.unit]);
      made.append(cell);
    }
    return made;
  };

  const law = (each) => {
    const made = document.createElement("li");
    made.className = `check-line ${each.outcome}`;
    const mark = document.createElement("span");
    mark.className = "symbol";
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = marks[each.outcome] ?? "–";
    const name = document.createElement("strong");
    name.textContent = `${each.check}: ${words[each.outcome] ?? each.outcome}`;
    const why = document.createElement("small");
    why.textContent = each.why;
    made.append(mark, name, why);
    return made;
  };

  const time = () => {
    if (!last) return;
    const now = last.now_s + (performance.now() - came) / 1000;
    const stage = last.stage;
    const bar = at("bar");
    bar.hidden = stage.expected_s == null;
    if (stage.expected_s == null) return say("left", `for ${seconds(Math.max(now - stage.began_s, 0))}`);
    const left = Math.max(stage.began_s + stage.expected_s - now, 0);
    const ends = new Date((stage.began_s + stage.expected_s) * 1000).toLocaleTimeString();
    bar.max = stage.expected_s;
    bar.value = stage.expected_s - left;
    say("left", `${seconds(left)} left, until ${ends}`);
  };

  const show = (news) => {
    came = performance.now();
    if (news.over) return location.reload(); // the server has the report in its place now
    const key = `${news.run_id} ${news.t0_s}`;
    if (key !== run) points = new Map();
    run = key;
    for (const point of news.points) points.set(point.elapsed_s, point);
    const newest = Math.max(...points.keys());
    for (const elapsed of points.keys()) if (elapsed < newest - ring) points.delete(elapsed);
    last = news;
    say("stage", news.stage.text);
    document.title = `… ${news.stage.text}`;
    say("run", [news.scenario, news.run_id].filter(Boolean).join(" · "));
    const client = news.client;
    say("users", shown(client?.users, whole));
    say("requests", shown(client?.requests, whole));
    say("errors", shown(client?.errors, whole));
    say("rate", shown(client?.requests_per_s, showRate));
    say("p95", shown(client?.p95_s, showSeconds));
    say("generator", client ? `the load generator used ${whole(client.cpu_ratio * 100)} % of a core; its loop lagged by ${showSeconds(client.loop_lag_s)}` : "");
    say("scraped", shown(news.scraped_s, (value) => `t0 + ${seconds(value)}`));
    say("behind", shown(news.behind_s, seconds));
    say("interval", news.interval_s ? `every ${seconds(news.interval_s)}` : "");
    if (news.figures.length) {
      say("figures-at", `at t0 + ${seconds(news.figures_at_s)}`);
      at("figures").replaceChildren(...news.figures.map(row));
    }
    if (news.laws.length) at("laws").replaceChildren(...news.laws.map(law));
    say("problem", news.problem);
    at("problem").hidden = !news.problem;
    if (points.size && window.uPlot) {
      if (update) update(drawn());
      else update = drawCharts(at("over-time"), drawn());
    }
    time();
  };

  const events = new EventSource("events");
  events.onmessage = (event) => show(JSON.parse(event.data));
  events.onerror = () => {
    say("problem", "The run has ended or cannot be reached; the numbers are the last ones. This page asks again by itself.");
    at("problem").hidden = false;
  };
  setInterval(time, 500);
})();
