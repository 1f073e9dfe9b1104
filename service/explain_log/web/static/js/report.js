// A report: facts, picture and findings at once, a model's sentences as they come, then the finished text.

import { Problem, json, pause, request, stream } from "./api.js";
import { askAbout } from "./ask.js";
import { sentenceNode } from "./cites.js";
import { byId, fragment, reveal, setWord } from "./dom.js";
import { openGlossary } from "./glossary.js";
import { LocalLines, ReportLines } from "./lines.js";
import { logView } from "./logview.js";
import { problemNote } from "./problems.js";
import { verifyAgainst } from "./verify.js";
import { show, showProblem, stage, toast } from "./views.js";
import { language, size } from "./words.js";

const SLOTS = ["actions", "status", "ask", "log", "verify"].map((name) => byId(name)); // they outlive every redrawing
const TRIES = 30;
const LONGEST_PAUSE_SECONDS = 5;

let current = null; // {id, report, log, llm}
let work = null; // the AbortController of what is being done

function begin() {
  work?.abort();
  work = new AbortController();
  return work.signal;
}

/** Explains a log (a File) and shows the report while it becomes complete. */
export async function showReportOf(log, { llm }, settings) {
  const signal = begin();
  show("working");
  stage("web.sending", { size: size(log.size) });
  const form = new FormData();
  form.append("language", language());
  form.append("llm", String(llm && settings.llm));
  form.append("log", log, log.name);
  const writing = { checked: 0, refused: 0, replaced: new Set() };
  try {
    for await (const [name, data] of stream("/v1/explain", { method: "POST", body: form, signal })) {
      if (name === "report") await arrive(data, log, llm && settings.llm);
      else if (current?.log === log) await takeSentence(name, data, writing);
      else if (name === "progress") tellStage(data);
      else if (name === "done" && data.problem) throw new Problem(data.problem.status, data.problem.detail);
    }
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (!(problem instanceof Problem)) throw problem;
    if (current?.log === log && current.id) await reconnect(signal);
    else if (current?.log === log) status(problemNote(problem));
    else showProblem(problem, () => showReportOf(log, { llm }, settings));
  }
}

function tellStage({ stage: name, position }) {
  if (name === "reading_queue") stage("web.reading_queue", { count: position });
  else stage("web.reading");
}

async function arrive(report, log, llm) {
  current = { id: report.id, report, log, llm };
  if (report.id) history.pushState(null, "", `/r/${report.id}`);
  await draw();
  scrollTo(0, 0);
}

/** Opens a kept report by its id. */
export async function openReport(id, settings) {
  if (current?.id === id && !byId("view-report").hidden) {
    followHash();
    return;
  }
  const signal = begin();
  show("working");
  stage("web.fetching");
  try {
    const report = await kept(id, signal);
    current = { id, report, log: null, llm: settings.llm };
    await draw();
    followHash();
  } catch (problem) {
    if (problem.name === "AbortError") return;
    showProblem(problem, problem.status === 404 ? null : () => openReport(id, settings));
  }
}

async function kept(id, signal) {
  for (;;) {
    const response = await request(`/v1/reports/${id}?language=${language()}`, { signal });
    const answer = await response.json();
    if (response.status !== 202) return answer;
    stage("web.waiting_for", { count: answer.position });
    await pause(Math.min(LONGEST_PAUSE_SECONDS, Number(response.headers.get("Retry-After")) || 1));
    if (signal.aborted) throw new DOMException("", "AbortError");
  }
}

/** The report's markup in the page's language. */
async function part() {
  const { id, report } = current;
  const response = id
    ? await request(`/r/${id}/part?language=${language()}`, { accept: "text/html" })
    : await request("/part", { method: "POST", json: report, accept: "text/html" });
  return fragment(await response.text());
}

async function draw() {
  const made = await part();
  byId("view-report").replaceChildren(made);
  for (const node of SLOTS) byId("view-report").querySelector(`[data-slot="${node.id}"]`).append(node);
  byId("status").replaceChildren();
  document.title = `${byId("view-report").querySelector("h1").textContent} · explain-log`;
  const { id, report, log } = current;
  byId("actions").hidden = !id;
  for (const format of ["html", "md", "json"]) byId(`get-${format}`).href = `/v1/reports/${id}.${format}?language=${language()}`;
  show("report");
  const lines = id ? new ReportLines(id, report) : new LocalLines(log, report);
  await logView.open(lines, report);
  askAbout(current);
  verifyAgainst(current);
}

function status(...nodes) {
  byId("status").replaceChildren(...nodes);
}

function tell(key, values = {}, busy = true) {
  const line = byId("status").querySelector("p") ?? byId("status").appendChild(document.createElement("p"));
  line.classList.toggle("busy", busy);
  setWord(line, key, values);
}

async function takeSentence(name, data, writing) {
  if (name === "progress") tellModel(data);
  else if (name === "statement") {
    place(data, writing.replaced);
    writing.checked += 1;
  } else if (name === "rejected") writing.refused += 1;
  if (name === "statement" || name === "rejected") {
    const { checked, refused } = writing;
    tell(refused ? "web.model_writes_refused" : "web.model_writes", { count: checked, refused });
  }
  if (name === "done") await finish(data);
}

function tellModel({ stage: name, position, promised_seconds: seconds, model }) {
  if (name === "model_queue") tell("web.model_queue", { count: position, seconds: Math.ceil(seconds) });
  else if (name === "model_loading") tell("web.model_loading", { model: nameOf(model) });
  else if (name === "model_waiting") tell("web.model_waiting", { model: nameOf(model) });
  else if (name === "model") tell("web.model_starts");
}

const nameOf = (model) => (typeof model === "string" ? model : (model?.model ?? "Ollama"));

/** Puts a verified sentence where the rules' text of its section stood. */
function place({ section, statement }, replaced) {
  const around = byId("view-report").querySelector(`.section-${CSS.escape(section)}`);
  if (!around) return; // it comes with the finished text
  const list = around.querySelector("ol");
  if (!replaced.has(section)) {
    replaced.add(section);
    for (const old of [...(list ?? around).children]) if (old.tagName !== "H3") old.remove();
  }
  const sentence = sentenceNode(statement, current.report);
  if (list) list.appendChild(document.createElement("li")).append(sentence);
  else around.append(sentence);
}

async function finish({ notice, problem }) {
  const { id } = current;
  if (problem) {
    status(problemNote(problem));
    return;
  }
  if (id) current.report = await json(`/v1/reports/${id}?language=${language()}`);
  if (id) await replaceParts();
  status();
  if (notice) {
    tell("web.no_model", {}, false);
    byId("status").append(Object.assign(document.createElement("p"), { className: "note", textContent: notice }));
  }
}

/** Takes over the finished explanation and leaves the rest of the page as the reader has it. */
async function replaceParts() {
  const made = await part();
  for (const fresh of made.querySelectorAll("[data-part]")) {
    byId("view-report").querySelector(`[data-part="${fresh.dataset.part}"]`)?.replaceWith(fresh);
  }
}

/** The connection went while a model was writing: the report is kept, so the page waits until the service is back. */
async function reconnect(signal) {
  tell("web.lost");
  for (let tried = 1; tried <= TRIES; tried += 1) {
    await pause(Math.min(LONGEST_PAUSE_SECONDS, tried / 2));
    if (signal.aborted) return;
    try {
      await json("/healthz");
      await finish({});
      tell("web.lost_model", {}, false);
      return;
    } catch (problem) {
      if (problem.status === 404) {
        showProblem(problem);
        return;
      }
    }
  }
  status(problemNote(new Problem(0)));
}

document.addEventListener("language", async () => {
  if (!current || byId("view-report").hidden) return;
  try {
    if (current.id) current.report = await json(`/v1/reports/${current.id}?language=${language()}`);
    const at = logView.place();
    await draw();
    logView.goTo(at);
  } catch (problem) {
    status(problemNote(problem));
  }
});

/** Links within a report: to lines, findings, terms and parts. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || link.classList.contains("skip")) return;
    event.preventDefault();
    if (follow(link.getAttribute("href").slice(1))) history.pushState(null, "", link.getAttribute("href"));
  });
}

function follow(name) {
  const line = /^(?:(?:zh|en)-)?L(\d+)$/.exec(name);
  if (line) {
    reveal(byId("log"));
    logView.goTo(Number(line[1]), { focus: true });
    return true;
  }
  const target = byId(name);
  if (target) {
    reveal(target);
    flash(target);
  } else if (/^(zh|en)-t-/.test(name)) openGlossary(name.slice(5));
  return Boolean(target);
}

function flash(target) {
  for (const old of document.querySelectorAll(".here")) old.classList.remove("here");
  (target.closest(".finding, .term, .claim") ?? target).classList.add("here");
}

function followHash() {
  if (location.hash.length > 1) follow(decodeURIComponent(location.hash.slice(1)));
}

byId("cancel").addEventListener("click", () => {
  work?.abort();
  show("start");
});
byId("copy-link").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(`${location.origin}/r/${current.id}`);
    toast("web.copied");
  } catch {
    toast("web.not_copied");
  }
});
byId("delete").addEventListener("click", () => {
  byId("sure").returnValue = "";
  byId("sure").showModal();
});
byId("sure").addEventListener("close", async () => {
  if (byId("sure").returnValue !== "delete") return;
  try {
    await request(`/v1/reports/${current.id}`, { method: "DELETE" });
  } catch (problem) {
    if (problem.status !== 404) {
      status(problemNote(problem));
      return;
    }
  }
  work?.abort();
  current = null;
  history.pushState(null, "", "/");
  show("start");
  toast("web.deleted");
});

