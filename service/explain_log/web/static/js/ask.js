// Questions about the shown report; an answer comes in sentence by sentence.

import { stream } from "./api.js";
import { sentenceNode } from "./cites.js";
import { byId, el, setWord, worded } from "./dom.js";
import { problemNote } from "./problems.js";
import { language } from "./words.js";

let current = null;

/** Makes the section ask about a report: {id, report, log, llm}. A new report begins without answers. */
export function askAbout(about) {
  if (current?.report !== about.report && current?.id !== about.id) byId("answers").replaceChildren();
  current = about;
}

function request(question) {
  if (current.id) return stream(`/v1/reports/${current.id}/ask`, { method: "POST", json: { question, language: language(), llm: current.llm } });
  const form = new FormData();
  form.append("language", language());
  form.append("llm", String(current.llm));
  form.append("question", question);
  form.append("log", current.log, current.log.name);
  return stream("/v1/explain", { method: "POST", body: form });
}

async function ask(question) {
  const text = el("div", { class: "answer-text" });
  const state = worded("p", "web.answering", {}, { class: "note busy" });
  const exchange = el("article", { class: "exchange" }, el("h3", { text: question }), text, state);
  byId("answers").append(exchange);
  exchange.scrollIntoView({ block: "nearest" });
  try {
    for await (const [name, data] of request(question)) take(name, data, text, state);
  } catch (problem) {
    state.replaceWith(problemNote(problem));
  }
}

function take(name, data, text, state) {
  if (name === "statement" && data.section === "answer") text.append(sentenceNode(data.statement, current.report));
  else if (name === "report") setSentences(text, answerOf(data));
  else if (name === "progress" && data.stage === "model_queue") {
    setWord(state, "web.model_queue", { count: data.position, seconds: Math.ceil(data.promised_seconds) });
  } else if (name === "done") finish(data, text, state);
}

const answerOf = (report) => report.explanation?.sections.find((section) => section.id === "answer")?.statements ?? [];

function setSentences(text, statements) {
  text.replaceChildren(...statements.map((one) => sentenceNode(one, current.report)));
}

function finish(data, text, state) {
  state.classList.remove("busy");
  if (data.problem) {
    state.replaceWith(problemNote(data.problem));
    return;
  }
  if (data.statements) setSentences(text, data.statements);
  if (!text.childElementCount) setWord(state, "web.no_answer");
  else if (data.origin === "model") setWord(state, "web.by_model", { model: data.model });
  else setWord(state, "web.by_rules");
}

byId("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = byId("question").value.trim();
  if (!question) return;
  byId("question").value = "";
  ask(question);
});
byId("suggestions").addEventListener("click", (event) => {
  if (event.target.matches("button")) ask(event.target.textContent);
});
