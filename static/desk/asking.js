// Asking for suggestions: by itself when typing pauses, the latest wins, and again when something was away.

import { Problem, request } from "./api.js";

const PAUSE_MS = 800;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30000;

export class Asking {
  /** `compose()` gives the request's body or null; `receive(answer)`, `fail(problem)`, `busy(flag)` hear of it. */
  constructor({ address, compose, receive, fail, busy }) {
    Object.assign(this, { address, compose, receive, fail, busy });
    this.wait = FIRST_WAIT_MS;
    window.addEventListener("online", () => this.failed && this.now());
  }

  /** After the pause; typing on starts it anew and makes a running request void. */
  soon() {
    this.stop();
    this.timer = setTimeout(() => this.now(), PAUSE_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.busy(false);
  }

  async now() {
    this.stop();
    const body = this.compose();
    if (!body) return;
    await this.#send(this.address, { method: "POST", body });
  }

  /** The stored answer `id`, as it was given before. */
  async again(id) {
    this.stop();
    await this.#send(`${this.address}/${id}`, {});
  }

  async #send(address, options) {
    const controller = new AbortController();
    this.running = controller;
    this.busy(true);
    try {
      const answer = await request(address, { ...options, signal: controller.signal });
      if (this.running !== controller || controller.signal.aborted) return;
      this.failed = false;
      this.wait = FIRST_WAIT_MS;
      this.receive(answer);
    } catch (error) {
      if (this.running !== controller || error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      this.#retry(error);
      this.fail(error);
    } finally {
      if (this.running === controller) this.busy(false);
    }
  }

  #retry(problem) {
    this.failed = true;
    if (!problem.passing) return;
    const wait = Math.max(this.wait, problem.retryAfterSeconds * 1000);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    this.timer = setTimeout(() => this.now(), wait);
  }
}
