"use strict";
/* Charts over time, one below the other: client and metric; `update` takes new points. */
const drawCharts = (figure, first) => {
  let data = first;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const width = () => Math.max(figure.clientWidth, 280);
  const sync = uPlot.sync("time");
  let drawn = [];
  const one = (chart) => {
    const show = (value) => (value == null ? "–" : showNumber[chart.unit](value));
    const line = (label, colour, extra) => ({ label, stroke: style(colour), value: (_, value) => show(value), spanGaps: false, ...extra });
    const host = document.createElement("div");
    host.className = "chart-box";
    figure.append(host);
    const axis = { stroke: style("--soft"), grid: { stroke: style("--faint") }, ticks: { stroke: style("--line") } };
    return new uPlot(
      {
        title: chart.title,
        width: width(),
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
  };
  const draw = () => {
    drawn.forEach((each) => each.destroy());
    figure.replaceChildren();
    drawn = data.charts.map(one);
  };
  draw();
  let before = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === before) return;
    before = figure.clientWidth;
    drawn.forEach((each) => each.setSize({ width: width(), height: 190 }));
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return (next) => {
    data = next;
    drawn.forEach((each, index) => each.setData([data.time, data.charts[index].metric, data.charts[index].client]));
  };
};
const showSeconds = (value) =>
  value >= 1 ? `${value.toPrecision(3)} s` : value >= 1e-3 ? `${(value * 1e3).toPrecision(3)} ms` : `${(value * 1e6).toPrecision(3)} µs`;
const showRate = (value) => `${value >= 100 ? Math.round(value).toLocaleString("en") : +value.toPrecision(3)} /s`;
const showNumber = { s: showSeconds, rate: showRate };
