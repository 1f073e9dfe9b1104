// Requests to the service: problems as errors, event streams as async iterators, the session's token where keys are on.

export class Problem extends Error {
  constructor(status, detail = "", retryAfter = 0) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

const session = { keys: false, open: true, csrf: null };
let known = Promise.resolve(); // the session is: what changes something needs its token

/** Asks whether keys are on and whether this browser may: {keys, open, csrf}. */
export async function readSession() {
  const asked = json("/v1/session").then((answer) => Object.assign(session, answer));
  known = asked.catch(() => {});
  return asked;
}

/** Begins a session with a key. */
export async function logIn(key) {
  return Object.assign(session, await json("/v1/session", { method: "POST", json: { key } }));
}

/** Ends the session. */
export async function logOut() {
  await request("/v1/session", { method: "DELETE" });
  session.open = false;
}

/** A response that is a success. Throws Problem; status 0 is a service that cannot be reached. */
export async function request(path, { method = "GET", accept = "application/json", json: data, body, signal } = {}) {
  if (method !== "GET") await known;
  const headers = { Accept: accept };
  if (data !== undefined) headers["Content-Type"] = "application/json";
  if (session.csrf && method !== "GET") headers["X-CSRF-Token"] = session.csrf;
  let response;
  try {
    const content = data === undefined ? body : JSON.stringify(data);
    response = await fetch(path, { method, headers, body: content, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  const after = Number(response.headers.get("Retry-After")) || 0;
  const document = await response.json().catch(() => ({}));
  const problem = new Problem(response.status, String(document.detail ?? ""), after);
  if (problem.status === 401) globalThis.document.dispatchEvent(new CustomEvent("locked"));
  return problem;
}

/** The answer's JSON. */
export async function json(path, options) {
  return (await request(path, options)).json();
}

/** The events of a stream: [name, data]. Throws Problem where the service refuses, or goes away before `done`. */
export async function* stream(path, options) {
  const response = await request(path, { ...options, accept: "text/event-stream" });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let complete = false;
  try {
    for (;;) {
      const { value, done } = await read(reader, options?.signal);
      if (done && !complete) throw new Problem(0);
      if (done) return;
      const from = Math.max(0, text.length - 1);
      text += value;
      for (let end = text.indexOf("\n\n", from); end >= 0; end = text.indexOf("\n\n")) {
        const event = parsed(text.slice(0, end));
        text = text.slice(end + 2);
        if (!event) continue;
        yield event;
        complete ||= event[0] === "done";
      }
    }
  } finally {
    if (!complete) reader.cancel().catch(() => {});
  }
}

async function read(reader, signal) {
  try {
    return await reader.read();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0);
  }
}

function parsed(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return data.length ? [name, JSON.parse(data.join("\n"))] : null;
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
