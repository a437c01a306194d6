"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  document.documentElement.classList.add("js");

  // Texts to copy.
  for (const node of all("[data-copy]")) {
    const button = make("button", { type: "button", class: "copy" }, "copy");
    button.addEventListener("click", async () => {
      const text = node.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(node); // a page from a file may not write to the clipboard
        button.textContent = document.execCommand("copy") ? "copied" : "selected";
      }
      setTimeout(() => (button.textContent = "copy"), 2000);
    });
    node.after(button);
  }

  // The table of views.
  const table = document.getElementById("view-table");
  if (table) {
    const body = table.tBodies[0];
    for (const [outcome, name, cells] of data.rows) {
      const row = make("tr", { class: outcome, "data-outcome": outcome });
      row.append(make("th", { scope: "row", "data-key": name }, make("bdi", { class: "name" }, name)));
      cells.forEach(([text, off, own, key, title]) => {
        const cell = make("td", { class: own, "data-key": key, title }, text);
        if (off) cell.append(" ", make("small", {}, off));
        row.append(cell);
      });
      body.append(row);
    }
    const rows = [...body.rows];
    const opened = new Map();
    const most = 200; // more rows at once make a browser slow
    let limit = most;
    const text = document.getElementById("view-filter");
    const outcome = document.getElementById("view-outcome");
    const count = document.getElementById("view-count");
    const more = make("button", { type: "button", id: "view-more" });
    document.querySelector("#view-table").closest(".scroll").after(more);
    more.addEventListener("click", () => {
      limit = Infinity;
      show();
    });
    const show = () => {
      const wanted = text.value.trim().toLowerCase();
      const fitting = rows.filter(
        (row) => row.cells[0].dataset.key.toLowerCase().includes(wanted) && (!outcome.value || row.dataset.outcome === outcome.value),
      );
      body.replaceChildren(...fitting.slice(0, limit).flatMap((row) => (opened.has(row) ? [row, opened.get(row)] : [row])));
      count.textContent = `${fitting.length} of ${rows.length}`;
      more.hidden = fitting.length <= limit;
      more.textContent = `show all ${fitting.length}`;
    };
    const head = [...table.tHead.rows[0].cells];
    head.forEach((cell, index) => {
      const button = make("button", { type: "button" }, ...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const down = cell.getAttribute("aria-sort") === (index ? "descending" : "ascending");
        head.forEach((each) => each.removeAttribute("aria-sort"));
        const rising = index ? down : !down;
        cell.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const keys = new Map(rows.map((row) => [row, row.cells[index].dataset.key]));
        const compare = index ? (a, b) => keys.get(a) - keys.get(b) : (a, b) => keys.get(a).localeCompare(keys.get(b));
        rows.sort((a, b) => (rising ? compare(a, b) : compare(b, a)));
        show();
      });
    });
    text.addEventListener("input", show);
    outcome.addEventListener("change", show);
    for (const link of all("a[data-detail]", body)) {
      link.setAttribute("aria-expanded", "false");
      link.setAttribute("role", "button");
      link.addEventListener("click", (event) => {
        event.preventDefault();
        const row = link.closest("tr");
        const home = document.getElementById(link.dataset.detail);
        const known = opened.get(row);
        if (known) {
          home.append(...known.firstChild.childNodes);
          known.remove();
          opened.delete(row);
        } else {
          const cell = make("td", { colspan: head.length });
          cell.append(...[...home.childNodes].filter((each) => each.nodeName !== "SUMMARY"));
          const detail = make("tr", { class: "detail" }, cell);
          row.after(detail);
          opened.set(row, detail);
          detail.scrollIntoView({ block: "nearest" });
        }
        link.setAttribute("aria-expanded", String(!known));
      });
    }
    document.getElementById("view-details").hidden = true;
    show();
  }

  // A link into a folded part opens it.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  // The chart over time.
  const figure = document.getElementById("over-time");
  if (!figure || !window.uPlot || !data.time.length) return;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (value) =>
    value >= 1 ? `${value.toPrecision(3)} s` : value >= 1e-3 ? `${(value * 1e3).toPrecision(3)} ms` : `${(value * 1e6).toPrecision(3)} µs`;
  const perSecond = (value) => `${value >= 100 ? Math.round(value).toLocaleString("en") : +value.toPrecision(3)} /s`;
  const format = { s: seconds, rate: perSecond };
  const sync = uPlot.sync("time");
  let drawn = [];
  const draw = () => {
    drawn.forEach((each) => each.destroy());
    figure.replaceChildren();
    drawn = data.charts.map((chart) => {
      const show = (value) => (value == null ? "–" : format[chart.unit](value));
      const line = (label, colour, extra) => ({ label, stroke: style(colour), value: (_, value) => show(value), spanGaps: false, ...extra });
      const host = make("div", { class: "chart-box" });
      figure.append(host);
      const axis = { stroke: style("--soft"), grid: { stroke: style("--faint") }, ticks: { stroke: style("--line") } };
      return new uPlot(
        {
          title: chart.title,
          width: Math.max(figure.clientWidth, 280),
          height: 190,
          cursor: { sync: { key: sync.key }, focus: { prox: 24 } },
          scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
          series: [
            { label: "second", value: (_, value) => (value == null ? "–" : `${+value.toFixed(1)} s`) },
            line("metric", "--metric", { width: 5, alpha: 0.45 }),
            line("client", "--client", { width: 1.6 }),
          ],
          axes: [
            { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`), size: 30 },
            { ...axis, values: (_, ticks) => ticks.map((tick) => (tick ? show(tick) : "0")), size: 62 },
          ],
        },
        [data.time, chart.metric, chart.client],
        host,
      );
    });
  };
  draw();
  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    drawn.forEach((each) => each.setSize({ width: Math.max(width, 280), height: 190 }));
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
