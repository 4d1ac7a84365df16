// The editor: text on the left, tags on the right; this module ties the parts together.

import { announce } from "./announce.js";
import { Problem } from "./api.js";
import { Asking } from "./asking.js";
import { ChosenTags } from "./chosen.js";
import { Decisions } from "./decisions.js";
import { oncePerFrame } from "./dom.js";
import { Draft, newExternalId, placeOfNewText } from "./draft.js";
import { Keys } from "./keys.js";
import { Notice } from "./notice.js";
import { Reasons } from "./reasons.js";
import { Reordering } from "./reordering.js";
import { TagSearch } from "./search.js";
import { showState } from "./state.js";
import { Progress } from "./status.js";
import { Submission } from "./submission.js";
import { SuggestionList, TRIAL } from "./suggestions.js";
import { Text } from "./text.js";

const UNDONE = {
  accept: () => gettext("Undone: accepted “%s”."),
  remove: () => gettext("Undone: took off “%s”."),
  reject: () => gettext("Undone: rejected “%s”."),
  reopen: () => gettext("Undone: took back the rejection of “%s”."),
};

class Editor {
  constructor(start, place) {
    this.start = start;
    this.answer = null;
    this.foldSeen = false;
    this.externalId = newExternalId();
    this.text = new Text();
    this.afterEdit = oncePerFrame(() => {
      this.save();
      showState(this);
    });
    this.decisions = new Decisions({ one: start.vocabulary.one });
    this.draft = new Draft(start.user, start.vocabulary.slug, start.document?.id || place);
    this.notice = new Notice();
    this.#makeParts();
    this.#listen();
  }

  #makeParts() {
    const { addresses, vocabulary } = this.start;
    const problem = (error, sentence) => this.#tell(error, sentence);
    this.list = new SuggestionList({
      act: (name, row) => this.act(name, row),
      unfolded: () => this.#unfolded(),
    });
    this.chips = new ChosenTags({ remove: (tag) => this.#decide(() => this.decisions.toggleChosen(tag, "added")) });
    this.reasons = new Reasons({
      address: addresses.explain, vocabulary, text: this.text,
      opened: this.start.document?.id ?? null,
      redraw: () => this.draw(),
    });
    this.search = new TagSearch({
      addresses, vocabulary, problem,
      labelLanguage: this.start.label_language,
      choose: (tag) => this.#add(tag),
      isChosen: (id) => this.decisions.stateOf(id) === "chosen",
    });
    this.asking = new Asking({
      address: addresses.recommendations,
      compose: () => this.#request(),
      receive: (answer) => this.#receive(answer),
      fail: (error) => this.#failed(error),
      busy: (flag) => document.getElementById("panel").toggleAttribute("data-busy", flag),
    });
    this.reordering = new Reordering(this);
    this.submission = new Submission({ editor: this, notice: this.notice });
    this.keys = new Keys({
      editor: this, list: this.list, search: this.search, help: document.getElementById("help"),
      textFields: [this.text.title.area, this.text.body.area],
    });
    this.progress = new Progress({ becameReady: () => this.asking.now() });
  }

  #listen() {
    this.text.onEdit(() => this.#edited());
    document.getElementById("submit").addEventListener("click", () => this.submit());
    document.getElementById("undo").addEventListener("click", () => this.undo());
    document.getElementById("show-help").addEventListener("click", () => this.keys.help.showModal());
    window.addEventListener("pagehide", () => this.save());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.notice.key === "signed-out") this.asking.now();
    });
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  }

  /** Go on from the draft, or from what the document bears. */
  open() {
    this.untouchedText = this.#fingerprint();
    const draft = this.draft.load();
    if (draft) this.#resume(draft);
    else this.#begin();
    this.draw();
    this.submission.showLast();
    this.progress.watch();
    if (!this.start.document && this.text.empty) this.text.title.area.focus();
  }

  #resume(draft) {
    if (!this.text.title.area.readOnly) this.text.fill(draft);
    this.decisions.restore(draft);
    this.answer = draft.answer;
    this.foldSeen = draft.foldSeen;
    this.externalId = draft.externalId || this.externalId;
    if (this.answer?.askedFor !== this.#fingerprint()) this.asking.now();
  }

  #begin() {
    const suggested = new Set(this.start.suggested);
    this.decisions.chosen = this.start.tags.map((tag) => ({ tag, how: suggested.has(tag.id) ? "suggested" : "kept" }));
    if (this.start.recommendation) this.asking.again(this.start.recommendation);
    else this.asking.now();
  }

  #edited() {
    if (this.text.empty) this.externalId = newExternalId();
    this.reasons.forget();
    this.reordering.stop();
    this.asking.soon();
    this.afterEdit();
  }

  #fingerprint() {
    const { title, text } = this.text.content;
    return `${title}\n${text}`;
  }

  /** Tags that were not suggested are told, so that the answer has room for others. */
  #request() {
    if (this.text.empty) {
      this.answer = null;
      this.decisions.receive([]);
      this.draw();
      return null;
    }
    const given = this.decisions.chosen.filter((entry) => entry.how !== "suggested");
    const { vocabulary, document: opened } = this.start;
    return {
      vocabulary: vocabulary.slug,
      ...this.text.content,
      language: opened?.language || undefined,
      limit: vocabulary.limit,
      label_language: this.start.label_language,
      chosen_tags: given.map((entry) => entry.tag.id),
    };
  }

  #receive(answer) {
    this.reordering.stop();
    const { suggestions, ...rest } = answer;
    const rows = suggestions.map(asRow);
    this.answer = { ...rest, askedFor: this.#fingerprint(), ids: rows.map((row) => row.tag.id) };
    this.answer.below = rows.filter((row) => !row.above_threshold).map((row) => row.tag.id);
    this.foldSeen = this.list.group.open;
    this.#markRejected(rows);
    this.decisions.receive(rows);
    for (const key of ["passing", "signed-out"]) this.notice.clear(key);
    this.draw();
    this.save();
    this.keys.listChanged();
    this.#announceAnswer(rows);
    this.#takeFocus();
  }

  /** The rejections of an earlier submission, now that their tags are known. */
  #markRejected(rows) {
    const earlier = new Set(this.start.rejected);
    const tags = rows.map((row) => row.tag).filter((tag) => earlier.has(tag.id));
    this.decisions.rejected.push(...tags.filter((tag) => this.decisions.stateOf(tag.id) === "open"));
    this.start.rejected = [];
  }

  #announceAnswer(rows) {
    const n = rows.filter((row) => row.above_threshold).length;
    announce(interpolate(ngettext("%s suggestion", "%s suggestions", n), [n]));
  }

  /** In the queue the work starts at the suggestions. */
  #takeFocus() {
    if (this.start.document && document.activeElement === document.body) this.list.focus();
  }

  #failed(error) {
    if (error.status === 404 && this.start.recommendation) {
      this.start.recommendation = null;
      this.asking.now();
    } else if (error.code === "no_model") {
      this.progress.ready = false;
      this.progress.watch();
    } else {
      this.#tell(error);
    }
    showState(this);
  }

  #tell(error, sentence) {
    if (!error) this.notice.show("told", sentence, { tone: "good" });
    else if (error.signedOut) this.#tellSignedOut();
    else if (error.status === 0) this.notice.show("passing", gettext("No connection. Your draft is kept here; trying again by itself."), { tone: "warning" });
    else this.notice.show(error.passing ? "passing" : "told", error.message, { tone: "warning" });
  }

  #tellSignedOut() {
    const again = `${this.start.addresses.sign_in}?next=${encodeURIComponent(window.location.pathname)}`;
    this.notice.show("signed-out", gettext("Your session has ended. Your draft is kept in this browser."), {
      tone: "warning",
      actions: [[gettext("Sign in in a new tab"), again]],
    });
  }

  #unfolded() {
    this.foldSeen = true;
    this.save();
  }

  /** Carry out “accept”, “reject” or “why” on a row. */
  act(name, row) {
    if (name === "why") return void this.reasons.toggle(row.tag);
    this.list.current = row.tag.id;
    if (name === "accept") return this.#decide(() => this.decisions.toggleChosen(row.tag, "suggested"), row.tag);
    return this.#decide(() => this.decisions.toggleRejected(row.tag), row.tag);
  }

  #add(tag) {
    const suggested = this.decisions.rows.some((row) => row.tag.id === tag.id);
    this.#decide(() => this.decisions.toggleChosen(tag, suggested ? "suggested" : "added"), tag);
  }

  #decide(change, tag = null) {
    change();
    this.reordering.soon();
    this.notice.clear("no-tags");
    this.draw();
    this.save();
    if (!tag) return;
    const state = this.decisions.stateOf(tag.id);
    const sentences = { chosen: gettext("Chosen: %s"), rejected: gettext("Rejected: %s"), open: gettext("Open again: %s") };
    announce(interpolate(sentences[state], [tag.label]));
  }

  /** One step back; when there is none, say so. */
  undo() {
    const step = this.decisions.undo();
    if (!step) return announce(gettext("Nothing to undo."));
    this.reordering.soon();
    this.draw();
    this.save();
    return announce(interpolate(UNDONE[step.kind](), [step.label]));
  }

  closeReason() {
    return this.reasons.close();
  }

  submit() {
    return this.submission.send();
  }

  /** What the ledger needs to know of the answer: below the fold and never opened means never shown. */
  get notShown() {
    if (!this.answer || this.foldSeen) return [];
    return this.answer.below.filter((id) => this.decisions.stateOf(id) === "open");
  }

  get content() {
    return {
      ...this.decisions.toJSON(),
      title: this.text.title.value,
      text: this.text.body.value,
      answer: this.answer,
      foldSeen: this.foldSeen,
      externalId: this.externalId,
    };
  }

  save() {
    if (this.submission.done) return;
    const touched = this.#fingerprint() !== this.untouchedText || this.decisions.past.length > 0;
    const saved = document.getElementById("saved");
    saved.textContent = "";
    if (!touched) return void this.draft.drop();
    const kept = this.draft.save(this.content);
    saved.textContent = kept ? gettext("Draft kept in this browser") : gettext("This browser cannot keep the draft");
  }

  /** `moved`: rows have changed places, which is shown. */
  draw({ moved = false } = {}) {
    const { decisions } = this;
    this.list[moved ? "redraw" : "draw"](decisions.rows, (id) => decisions.stateOf(id), (id) => this.reasons.panelOf(id));
    this.chips.draw(decisions.chosen);
    document.getElementById("undo").disabled = decisions.past.length === 0;
    showState(this);
  }

  /** Tell about an error of a request that the editor made. */
  report(error) {
    if (!(error instanceof Problem)) throw error;
    this.#tell(error);
  }
}

/** A suggestion as the list shows it; a tag that is tried out stands in sight: folded away, nobody would decide on it. */
function asRow(row) {
  const inSight = row.above_threshold || row.origin === TRIAL;
  return { ...row, probability: row.probability ?? row.score, above_threshold: inSight };
}

const start = JSON.parse(document.getElementById("start").textContent);
const place = start.document ? null : await placeOfNewText(start.user, start.vocabulary.slug);
new Editor(start, place).open();
