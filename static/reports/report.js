// Draws the report's charts in the ink of the page; a point of the map leads to its tag.
(() => {
  "use strict";

  const source = document.getElementById("report-figures");
  if (!source) return;

  const figures = JSON.parse(source.textContent);
  const boxes = [...document.querySelectorAll(".report-chart")].filter((box) => figures[box.dataset.chart]);
  const config = {
    displaylogo: false,
    responsive: true,
    scrollZoom: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]], // none that would send the chart away
  };

  const narrow = window.matchMedia("(max-width: 40rem)").matches;
  const legendBelow = { legend: { orientation: "h", y: -0.05, yanchor: "top" } }; // beside a map it would take half of a telephone

  const ink = (box) => ({ "font.color": getComputedStyle(box).color });

  async function drawOne(box) {
    const { data, layout } = figures[box.dataset.chart];
    const own = box.dataset.address ? { ...config, scrollZoom: true } : config;
    const place = narrow && box.dataset.address ? { legend: { ...layout.legend, ...legendBelow.legend } } : {};
    await Plotly.newPlot(box, data, { ...layout, ...place, font: { color: ink(box)["font.color"] } }, own);
    if (box.dataset.address) box.on("plotly_click", (event) => openTag(box, event.points[0].customdata));
  }

  function openTag(box, customdata) {
    if (customdata) window.location.assign(`${box.dataset.address}?tag=${encodeURIComponent(customdata[0])}`);
  }

  async function draw() {
    for (const box of boxes) await drawOne(box);
    new MutationObserver(() => boxes.forEach((box) => Plotly.relayout(box, ink(box)))).observe(
      document.documentElement,
      { attributes: true, attributeFilter: ["class"] },
    );
    document.documentElement.dataset.report = "drawn";
  }

  draw();
})();
