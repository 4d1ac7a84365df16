// Search any tag of the vocabulary, by synonym too; what is missing can be proposed.

import { Problem, request } from "./api.js";
import { announce } from "./announce.js";
import { composing, element, pathAbove } from "./dom.js";

const PAUSE_MS = 150;
const SHOWN = 8;

export class TagSearch {
  /** `choose(tag)` adds a tag; `isChosen(id)`; `problem(error)` hears what went wrong. */
  constructor({ addresses, vocabulary, labelLanguage, choose, isChosen, problem }) {
    Object.assign(this, { addresses, vocabulary, labelLanguage, choose, isChosen, problem });
    this.input = document.getElementById("search");
    this.popup = document.getElementById("search-results");
    this.options = [];
    this.place = -1;
    this.input.addEventListener("input", (event) => event.isComposing || this.#later());
    this.input.addEventListener("compositionend", () => this.#later());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 120));
    this.input.addEventListener("focus", () => this.input.value.trim() && this.#later());
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  close() {
    this.popup.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.options = [];
    this.place = -1;
  }

  clear() {
    this.input.value = "";
    this.close();
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    this.running?.abort();
    const typed = this.input.value.trim();
    if (!typed) return this.close();
    this.running = new AbortController();
    const parameters = new URLSearchParams({
      vocabulary: this.vocabulary.slug,
      q: typed,
      limit: String(SHOWN),
      label_language: this.labelLanguage,
    });
    try {
      const answer = await request(`${this.addresses.search}?${parameters}`, { signal: this.running.signal });
      if (document.activeElement === this.input) this.#show(typed, answer.results);
    } catch (error) {
      if (error instanceof Problem) this.problem(error);
      else if (error.name !== "AbortError") throw error;
    }
  }

  #show(typed, hits) {
    const exact = hits.some((hit) => [hit.tag.label, hit.matched_label].some((name) => same(name, typed)));
    this.options = hits.map((hit) => ({ hit, pick: () => this.#pick(hit.tag) }));
    if (!exact) this.options.push({ proposal: typed, pick: () => this.#propose(typed) });
    this.popup.replaceChildren(...this.options.map((option, index) => this.#option(option, index)));
    this.popup.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#goTo(hits.length ? 0 : -1);
    announce(
      hits.length
        ? interpolate(ngettext("%s tag found", "%s tags found", hits.length), [hits.length])
        : gettext("No tag of this name. You can propose it as a new one."),
    );
  }

  #option(option, index) {
    const properties = {
      id: `search-option-${index}`,
      className: option.hit ? "result" : "result proposal",
      role: "option",
      "aria-selected": "false",
      onmousedown: (event) => event.preventDefault(),
      onclick: () => option.pick(),
    };
    if (!option.hit) {
      return element("li", properties, interpolate(gettext("Propose “%s” as a new tag"), [option.proposal]));
    }
    const { tag, matched_label: matched } = option.hit;
    const above = pathAbove(tag);
    return element(
      "li",
      properties,
      element("span", { className: "result-label" }, tag.label, this.isChosen(tag.id) && element("em", {}, gettext("chosen"))),
      element("span", { className: "result-note" }, [above, !same(matched, tag.label) && foundBy(matched)].filter(Boolean).join(" · ")),
    );
  }

  #onKey(event) {
    if (composing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.options.length) {
      this.#goTo((this.place + step + this.options.length) % this.options.length);
      event.preventDefault();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.options[this.place]?.pick();
    } else if (event.key === "Escape" && !this.popup.hidden) {
      this.close();
      event.stopPropagation();
    }
  }

  #goTo(place) {
    this.place = place;
    [...this.popup.children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === place));
      if (index === place) item.scrollIntoView({ block: "nearest" });
    });
    if (place >= 0) this.input.setAttribute("aria-activedescendant", `search-option-${place}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #pick(tag) {
    this.clear();
    if (this.isChosen(tag.id)) announce(interpolate(gettext("“%s” is chosen already."), [tag.label]));
    else this.choose(tag);
  }

  async #propose(text) {
    this.close();
    try {
      await request(this.addresses.proposals, {
        method: "POST",
        body: { vocabulary: this.vocabulary.slug, text, language: this.labelLanguage },
      });
      this.clear();
      this.problem(null, interpolate(gettext("“%s” has been proposed. It can be chosen once it is accepted."), [text]));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem(error);
    }
  }
}

function foundBy(name) {
  return interpolate(gettext("found by “%s”"), [name]);
}

function same(one, other) {
  return one.normalize("NFKC").toLowerCase() === other.normalize("NFKC").toLowerCase();
}
