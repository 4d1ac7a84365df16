// Why a tag is suggested: the words that carry its score, its name in the text, documents like this one.

import { request } from "./api.js";
import { element } from "./dom.js";

const WORDS_LISTED = 8;

export class Reasons {
  /** `opened` is the id of the document whose text it is, if there is one. */
  constructor({ address, vocabulary, opened, text, redraw }) {
    Object.assign(this, { address, vocabulary, opened, text, redraw });
    this.open = null;
    this.kept = new Map();
  }

  /** The panel of the tag, when it is the open one. */
  panelOf(id) {
    return this.open === id ? this.panel : null;
  }

  close() {
    if (!this.open) return false;
    this.open = null;
    this.text.unmark();
    this.redraw();
    return true;
  }

  /** The text has changed: what was explained no longer holds. */
  forget() {
    this.kept.clear();
    this.close();
  }

  async toggle(tag) {
    if (this.open === tag.id) return this.close();
    this.open = tag.id;
    this.text.unmark();
    this.panel = frame(element("p", { className: "quiet" }, gettext("Looking for the reasons…")));
    this.redraw();
    const content = await this.#explained(tag);
    if (this.open !== tag.id) return undefined;
    this.panel = content.failed ? frame(element("p", {}, content.failed)) : describe(content);
    if (!content.failed) this.text.mark(content.evidence);
    return this.redraw();
  }

  async #explained(tag) {
    if (this.kept.has(tag.id)) return this.kept.get(tag.id);
    const { title, body } = this.text;
    const asked = { vocabulary: this.vocabulary.slug, title: title.value, text: body.value, tag: tag.id, document: this.opened };
    try {
      const content = await request(this.address, { method: "POST", body: asked });
      this.kept.set(tag.id, content);
      return content;
    } catch (error) {
      return { failed: error.message };
    }
  }
}

function frame(...children) {
  return element("div", { className: "reason", role: "region", "aria-label": gettext("Why this tag") }, ...children);
}

function describe(content) {
  const words = strongest(content.evidence);
  const similar = content.similar || [];
  const nothing = !words.length && !content.label_match && !similar.length;
  return frame(
    content.definition && element("p", { className: "definition" }, content.definition),
    content.label_match &&
      element("p", {}, interpolate(gettext("The text names it: “%s”."), [content.label_match])),
    words.length > 0 && element("h3", {}, gettext("Words in the text that speak for it")),
    words.length > 0 && element("ul", { className: "words" }, words.map(word)),
    similar.length > 0 && element("h3", {}, gettext("Similar documents that bear it")),
    similar.length > 0 && element("ul", { className: "similar" }, similar.map(likeness)),
    nothing && element("p", {}, gettext("No single word stands out: the text as a whole resembles texts with this tag.")),
  );
}

/** A document that opens beside the text being written. */
function likeness({ title, address, similarity }) {
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(similarity);
  return element(
    "li",
    {},
    element("a", { href: address, target: "_blank", rel: "noopener" }, title),
    element("span", { className: "quiet", title: gettext("Similarity") }, percent),
  );
}

/** Each word once, with all it contributes; only what speaks for the tag. */
function strongest(evidence) {
  const total = new Map();
  for (const { text, contribution } of evidence) {
    const key = text.toLowerCase();
    const entry = total.get(key) || { text, contribution: 0 };
    total.set(key, { text: entry.text, contribution: entry.contribution + contribution });
  }
  const found = [...total.values()].filter((entry) => entry.contribution > 0);
  return found.sort((a, b) => b.contribution - a.contribution).slice(0, WORDS_LISTED);
}

function word({ text, contribution }, index, all) {
  const bar = element("span", { className: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(contribution / all[0].contribution));
  return element("li", {}, element("span", {}, text), bar);
}
