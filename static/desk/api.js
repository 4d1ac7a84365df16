// Requests to the platform: session and CSRF token, problems as errors that say what to do.

/** An answer that is not what was asked for. `status` 0: nothing came back at all. */
export class Problem extends Error {
  constructor(status, code, detail, retryAfterSeconds = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The connection or the server is away; the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** The session has ended, or its token is of an older one. */
  get signedOut() {
    return this.status === 401 || (this.status === 403 && ["not_authenticated", "csrf"].includes(this.code));
  }
}

function csrfToken() {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return found ? found.slice("csrftoken=".length) : "";
}

/** Send JSON and read JSON; throws Problem, or AbortError when `signal` says so. */
export async function request(address, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(address, {
      method,
      headers,
      signal,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "offline", gettext("No connection."));
  }
  return read(response);
}

async function read(response) {
  const type = response.headers.get("Content-Type") || "";
  const content = type.includes("json") ? await response.json() : null;
  if (response.ok && content !== null) return content;
  const detail = content?.detail || gettext("The server did not answer as expected.");
  const code = content?.code || (/CSRF/.test(detail) ? "csrf" : "error");
  const isCsrf = response.status === 403 && /CSRF/.test(detail);
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw new Problem(response.status, isCsrf ? "csrf" : code, detail, wait);
}
