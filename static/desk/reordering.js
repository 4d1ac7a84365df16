// After a choice the open suggestions take the order that goes with it; the list that was shown is not asked for anew.

import { announceNext } from "./announce.js";
import { Problem, request } from "./api.js";

const PAUSE_MS = 250;
const FEWEST = 2;

export class Reordering {
  /** Reads the decisions of `editor` and writes their rows; the ledger keeps the list that was shown. */
  constructor(editor) {
    this.editor = editor;
  }

  /** After a pause; a further choice starts it anew and makes a running request void. */
  soon() {
    this.stop();
    this.timer = setTimeout(() => this.#now(), PAUSE_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
  }

  /** An order that cannot be had is missed by nobody: the rows stay as they are. */
  async #now() {
    const ids = this.#reorderable();
    if (ids.length < FEWEST) return;
    const { addresses } = this.editor.start;
    const controller = new AbortController();
    this.running = controller;
    try {
      const options = { method: "POST", body: this.#request(ids), signal: controller.signal };
      const { suggestions } = await request(addresses.recommendations, options);
      if (!controller.signal.aborted) this.#apply(suggestions);
    } catch (error) {
      if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
    }
  }

  /** The open tags; none where one tag alone is chosen, and while two models fill the list in turns. */
  #reorderable() {
    const { start, answer, submission, decisions } = this.editor;
    const fixed = start.vocabulary.one || !answer || answer.policy === "interleaved" || submission.done;
    return fixed ? [] : decisions.open.map((row) => row.tag.id);
  }

  #request(ids) {
    const { start, text, decisions } = this.editor;
    return {
      vocabulary: start.vocabulary.slug,
      ...text.content,
      language: start.document?.language || undefined,
      limit: ids.length,
      label_language: start.label_language,
      chosen_tags: decisions.chosen.map((entry) => entry.tag.id),
      candidate_tags: ids,
      store: false,
    };
  }

  #apply(suggestions) {
    const { answer, decisions, list, keys } = this.editor;
    const before = decisions.rows.map((row) => row.tag.id);
    const rows = reordered(decisions.open, suggestions);
    const inSight = new Set(rows.filter((row) => row.above_threshold).map((row) => row.tag.id));
    answer.below = answer.below.filter((id) => !inSight.has(id));
    decisions.receive(rows, list.focusedTag);
    const moved = decisions.rows.some((row, place) => row.tag.id !== before[place]);
    this.editor.draw({ moved });
    this.editor.save();
    if (!moved) return;
    keys.listChanged();
    const first = decisions.open[0].tag.label;
    announceNext(interpolate(gettext("The open suggestions are in a new order; first: %s"), [first]));
  }
}

/** The open `rows` in the order of `answer`, with its scores; what it leaves out stays behind them. */
function reordered(rows, answer) {
  const fresh = new Map(answer.map((row, place) => [row.tag.id, { ...row, place }]));
  const placeOf = (row) => fresh.get(row.tag.id)?.place ?? fresh.size;
  return [...rows]
    .sort((one, other) => placeOf(one) - placeOf(other))
    .map((row) => {
      const now = fresh.get(row.tag.id);
      if (!now) return row;
      const above = row.above_threshold || now.above_threshold; // what was in sight stays there
      return { ...row, probability: now.score, confidence: now.confidence, above_threshold: above };
    });
}
