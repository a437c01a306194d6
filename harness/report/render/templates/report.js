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
  if (figure && window.uPlot && data.time.length) drawCharts(figure, data);
})();
