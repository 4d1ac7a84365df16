// Draws the audit page's heatmaps, zooms them together, opens the documents behind a cell.
(() => {
  "use strict";

  const source = document.getElementById("audit-figures");
  const panel = document.getElementById("cell-panel");
  if (!source || !panel) return;

  const audit = JSON.parse(source.textContent);
  const names = ["truth", "model", "difference"];
  const boxes = names.map((name) => document.getElementById(`figure-${name}`));
  const matrix = Object.fromEntries(names.map((name) => [name, audit.figures[name].data[0].z]));
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]], // none that would send the chart away
  };

  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  function shown(value) {
    if (value === null) return "–";
    return audit.hover.as === "percent" ? `${(100 * value).toFixed(1)} %` : value.toFixed(3);
  }

  function interval(name, i, j) {
    const ends = audit.intervals?.[name];
    if (!ends || ends[0][i][j] === null) return "";
    return `(${shown(ends[0][i][j])} … ${shown(ends[1][i][j])})`;
  }

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  const LONGEST_LINE = 38;

  function wrapped(text) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (longer.length > LONGEST_LINE && lines.at(-1)) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return escaped(lines.join("\n")).replaceAll("\n", "<br>");
  }

  function hoverText(i, j) {
    const value = (name) => shown(matrix[name][i][j]);
    const lines = [
      `<b>${wrapped(audit.paths[i])}</b>`,
      `→ <b>${wrapped(audit.paths[j])}</b>`,
      fill(audit.hover.counts, { n: audit.counts[i], both: audit.both[i][j] }),
      fill(audit.hover.truth, { value: value("truth"), interval: interval("truth", i, j) }),
      fill(audit.hover.model, { value: value("model"), interval: interval("model", i, j) }),
      fill(audit.hover.difference, { value: value("difference") }),
    ];
    if (audit.counts[i] < audit.small_count) lines.push(`<i>${audit.hover.small}</i>`);
    return lines.join("<br>");
  }

  const text = audit.labels.map((_, i) => audit.labels.map((__, j) => hoverText(i, j)));

  // Labels: as many as fit without touching; all of them once there is room

  const PIXELS_A_LABEL = 11;

  function ticks(axis, pixels) {
    const [first, last] = [Math.min(...axis.range), Math.max(...axis.range)].map(Math.round);
    const visible = Math.max(1, last - first);
    const step = Math.max(1, Math.ceil(PIXELS_A_LABEL / (pixels / visible)));
    const positions = audit.labels.map((_, position) => position).filter((position) => position % step === 0);
    return { values: positions, texts: positions.map((position) => audit.ticks[position]) };
  }

  // Side by side, the labels of the rows stand once, at the first figure

  const sideBySide = window.matchMedia("(min-width: 1200px)");

  function showsRowLabels(box) {
    return box === boxes[0] || !sideBySide.matches || box.closest("figure").classList.contains("audit-large");
  }

  function fitLabels(box) {
    const area = box.querySelector(".nsewdrag")?.getBoundingClientRect();
    if (!area || !area.width) return Promise.resolve();
    const x = ticks(box.layout.xaxis, area.width);
    const y = ticks(box.layout.yaxis, area.height);
    return Plotly.relayout(box, {
      "xaxis.tickvals": x.values,
      "xaxis.ticktext": x.texts,
      "yaxis.tickvals": y.values,
      "yaxis.ticktext": y.texts,
      "yaxis.showticklabels": showsRowLabels(box),
    });
  }

  let busy = false;

  async function quietly(work) {
    if (busy) return;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
    }
  }

  const ZOOMED = /^[xy]axis\.(range|autorange)/;

  function followZoom(leader, change) {
    if (!Object.keys(change).some((key) => ZOOMED.test(key))) return;
    const zoom = Object.fromEntries(Object.entries(change).filter(([key]) => ZOOMED.test(key)));
    quietly(async () => {
      for (const box of boxes.filter((other) => other !== leader)) await Plotly.relayout(box, zoom);
      for (const box of boxes) await fitLabels(box);
    });
  }

  // Colours of the page, light or dark

  function pageColours() {
    const ink = getComputedStyle(panel).color;
    return { "font.color": ink };
  }

  // The documents behind a cell

  async function openPanel(address) {
    panel.hidden = false;
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${address}&fragment=1`, { headers: { Accept: "text/html" } });
      panel.innerHTML = await answer.text();
    } catch {
      panel.textContent = panel.dataset.failed;
    }
    panel.removeAttribute("aria-busy");
    panel.scrollIntoView({ behavior: "smooth", block: "start" });
    panel.focus({ preventScroll: true });
  }

  function openCell(i, j) {
    const difference = matrix.difference[i][j];
    const part = i === j || difference === null ? "all" : difference > 0 ? "without" : "with";
    const cell = new URLSearchParams({ row: audit.tags[i], column: audit.tags[j], part });
    openPanel(`${panel.dataset.address}?${panel.dataset.choice}&${cell}`);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cell]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openPanel(link.href);
  });

  // One figure over the whole width

  document.querySelectorAll("[data-enlarge]").forEach((button) => {
    button.addEventListener("click", () => {
      const figure = button.closest("figure");
      const large = figure.classList.toggle("audit-large");
      button.setAttribute("aria-pressed", String(large));
      const box = figure.querySelector(".audit-figure");
      quietly(async () => {
        await Plotly.Plots.resize(box);
        await fitLabels(box);
      });
    });
  });

  // A choice takes effect at once

  document.querySelectorAll("#audit-choice select").forEach((select) => {
    select.addEventListener("change", () => {
      if (select.name === "vocabulary") document.querySelector("#audit-choice [name=facet]").value = "";
      select.form.requestSubmit();
    });
  });

  async function draw() {
    for (const [n, box] of boxes.entries()) {
      const { data, layout } = audit.figures[names[n]];
      data[0].text = text;
      await Plotly.newPlot(box, data, { ...layout, font: { color: pageColours()["font.color"] } }, config);
      await fitLabels(box);
      box.on("plotly_relayout", (change) => followZoom(box, change));
      box.on("plotly_click", (event) => openCell(event.points[0].y, event.points[0].x));
    }
    new MutationObserver(() => boxes.forEach((box) => Plotly.relayout(box, pageColours()))).observe(
      document.documentElement,
      { attributes: true, attributeFilter: ["class"] },
    );
    let waiting = 0;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => quietly(async () => { for (const box of boxes) await fitLabels(box); }), 300);
    });
    document.documentElement.dataset.audit = "drawn";
  }

  draw();
})();
