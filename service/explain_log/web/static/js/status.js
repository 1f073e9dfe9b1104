// What goes on with the shown report, above its explanation.

import { byId, setWord } from "./dom.js";

/** Shows these, or nothing. */
export function status(...nodes) {
  byId("status").replaceChildren(...nodes);
}

/** Says one thing in place of what was said before. */
export function tell(key, values = {}, busy = true) {
  const line = byId("status").querySelector("p") ?? byId("status").appendChild(document.createElement("p"));
  line.classList.toggle("busy", busy);
  setWord(line, key, values);
}

/** Says what a model is at: the data of a `progress` event. */
export function tellModel({ stage: name, position, promised_seconds: seconds, model }) {
  if (name === "model_queue") tell("web.model_queue", { count: position, seconds: Math.ceil(seconds) });
  else if (name === "model_loading") tell("web.model_loading", { model: nameOf(model) });
  else if (name === "model_waiting") tell("web.model_waiting", { model: nameOf(model) });
  else if (name === "model") tell("web.model_starts");
}

const nameOf = (model) => (typeof model === "string" ? model : (model?.model ?? "Ollama"));
