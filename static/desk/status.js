// The banner with what is under way behind the desk: imports, the training of a model.

import { Problem, request } from "./api.js";
import { element } from "./dom.js";

const BUSY_MS = 2000;
const IDLE_MS = 60000;

export class Progress {
  /** `becameReady()` hears that a model answers now. */
  constructor({ becameReady = () => {} } = {}) {
    this.banner = document.getElementById("progress");
    this.address = this.banner.dataset.address;
    this.becameReady = becameReady;
    this.ready = null;
  }

  /** Look now, and again as long as the page is open. */
  async watch() {
    clearTimeout(this.timer);
    let wait = IDLE_MS;
    try {
      const progress = await request(this.address);
      this.#show(progress);
      if (progress.ready && this.ready === false) this.becameReady();
      this.ready = progress.ready;
      if (!progress.ready || progress.steps.length) wait = BUSY_MS;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    this.timer = setTimeout(() => this.watch(), document.hidden ? IDLE_MS : wait);
  }

  #show({ ready, steps, message }) {
    this.banner.hidden = ready && steps.length === 0;
    this.banner.replaceChildren(
      ...steps.map(step),
      message ? element("p", { className: "progress-message" }, message) : "",
    );
  }
}

function step({ label, fraction }) {
  const percent = fraction === null ? null : Math.floor(fraction * 100);
  const bar = element("span", { className: "progress-bar", "data-open": percent === null });
  if (percent !== null) bar.style.setProperty("--done", `${percent}%`);
  return element(
    "div",
    {
      className: "progress-step",
      role: "progressbar",
      "aria-label": label,
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": percent === null ? null : String(percent),
    },
    element("span", { className: "progress-label" }, label),
    percent !== null && element("span", { className: "progress-percent" }, `${percent} %`),
    bar,
  );
}
