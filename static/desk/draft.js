// Drafts in this browser, for each person, vocabulary and document; they survive reload and a lost session.

const PREFIX = "desk-draft:";
const KEPT_DAYS = 14;

export class Draft {
  constructor(user, vocabulary, documentId) {
    this.key = `${PREFIX}${user}:${vocabulary}:${documentId || "new"}`;
    forgetOld();
  }

  load() {
    return parse(localStorage.getItem(this.key));
  }

  /** False where the browser keeps nothing (full, or forbidden). */
  save(content) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...content, savedAt: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  drop() {
    localStorage.removeItem(this.key);
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function forgetOld() {
  const oldest = Date.now() - KEPT_DAYS * 24 * 3600 * 1000;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && (parse(localStorage.getItem(key))?.savedAt || 0) < oldest) {
      localStorage.removeItem(key);
    }
  }
}

/** An id for a new text; `crypto.randomUUID` is missing on plain HTTP away from localhost. */
export function newExternalId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The place of this tab's new text: two tabs write two drafts. */
export async function placeOfNewText(user, vocabulary) {
  const remembered = `desk-place:${user}:${vocabulary}`;
  const own = sessionStorage.getItem(remembered);
  if (own) {
    hold(`desk-${user}-${vocabulary}-${own}`, {});
    return own;
  }
  const places = ["new", ...Array.from({ length: 8 }, (_unused, index) => `new-${index + 2}`)];
  for (const place of places) {
    if (await hold(`desk-${user}-${vocabulary}-${place}`, { ifAvailable: true })) {
      sessionStorage.setItem(remembered, place);
      return place;
    }
  }
  return newExternalId();
}

/** Keep the lock as long as the page lives; where the browser has no locks, everyone gets it. */
function hold(name, options) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(name, options, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}
