// A report: facts, picture and findings at once, a model's sentences as they come, then the finished text.

import { Problem, json, pause, request, stream } from "./api.js";
import { askAbout } from "./ask.js";
import { sentenceNode } from "./cites.js";
import { byId, fragment, worded } from "./dom.js";
import { LocalLines, ReportLines } from "./lines.js";
import { followHash } from "./links.js";
import { logView } from "./logview.js";
import { problemNote } from "./problems.js";
import { status, tell, tellModel } from "./status.js";
import { isUnfinished, remember } from "./unfinished.js";
import { verifyAgainst } from "./verify.js";
import { show, showProblem, stage, toast } from "./views.js";
import { language, size } from "./words.js";

const SLOTS = ["actions", "status", "ask", "log", "verify"].map((name) => byId(name)); // they outlive every redrawing
const TRIES = 30;
const LONGEST_PAUSE_SECONDS = 5;

let current = null; // {id, report, log, llm}
let work = null; // the AbortController of what is being done
let writing = null; // what a model has said of the shown report so far: {language, checked, refused, replaced}

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
  const mine = beginWriting();
  try {
    for await (const [name, data] of stream("/v1/explain", { method: "POST", body: form, signal })) {
      if (name === "report") await arrive(data, log, llm && settings.llm);
      else if (current?.log === log) await takeSentence(name, data, mine);
      else if (name === "progress") tellStage(data);
      else if (name === "done" && data.problem) throw new Problem(data.problem.status, data.problem.detail);
    }
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (!(problem instanceof Problem)) throw problem;
    if (current?.log === log && current.id) await reconnect(signal);
    else if (current?.log === log) status(problemNote(problem));
    else showProblem(problem, () => showReportOf(log, { llm }, settings));
  } finally {
    endWriting(mine);
  }
}

/** Has a model write what the rules wrote until then: where a reload broke it off, or the reader wants it. */
async function write() {
  const signal = begin();
  const mine = beginWriting();
  const { id } = current;
  remember(id);
  status();
  tell("web.model_starts");
  try {
    for await (const [name, data] of stream(`/v1/reports/${id}/explain?language=${mine.language}`, { method: "POST", signal })) {
      if (current?.id === id) await takeSentence(name, data, mine);
    }
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 0) await reconnect(signal);
    else status(problemNote(problem, write));
  } finally {
    endWriting(mine);
  }
}

function beginWriting() {
  writing = { language: language(), checked: 0, refused: 0, replaced: new Set() };
  return writing;
}

function endWriting(mine) {
  if (writing === mine) writing = null;
}

/** Where the rules wrote and a model could, the reader may have it write. */
async function offer() {
  const { id, llm, report } = current;
  if (!id || !llm || report.explanation?.origin !== "rules" || !report.source.recognised_lines) return;
  const ready = await json("/readyz").catch(() => null);
  if (current?.report !== report || writing || ready?.mode !== "model" || byId("status").querySelector("button")) return;
  const button = worded("button", "web.use_model", {}, { type: "button", class: "button", onclick: write });
  byId("status").append(worded("p", "web.offer_model"), button);
}

function tellStage({ stage: name, position }) {
  if (name === "reading_queue") stage("web.reading_queue", { count: position });
  else stage("web.reading");
}

async function arrive(report, log, llm) {
  current = { id: report.id, report, log, llm };
  if (report.id) history.pushState(null, "", `/r/${report.id}`);
  if (report.id && llm) remember(report.id);
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
    if (isUnfinished(id) && report.explanation?.origin === "rules") await write();
    else await offer();
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

async function takeSentence(name, data, mine) {
  if (name === "progress") tellModel(data);
  else if (name === "statement") {
    if (mine.language === language()) place(data, mine.replaced);
    mine.checked += 1;
  } else if (name === "rejected") mine.refused += 1;
  if (name === "statement" || name === "rejected") {
    const { checked, refused } = mine;
    tell(refused ? "web.model_writes_refused" : "web.model_writes", { count: checked, refused });
  }
  if (name !== "done") return;
  endWriting(mine);
  await finish(data);
}

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
    status(problemNote(problem, id ? write : null));
    return;
  }
  remember("");
  if (id) current.report = await json(`/v1/reports/${id}?language=${language()}`);
  if (id) await replaceParts();
  status();
  if (notice) {
    tell("web.no_model", {}, false);
    byId("status").append(Object.assign(document.createElement("p"), { className: "note", textContent: notice }));
  }
  await offer();
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
  writing = null;
  tell("web.lost");
  for (let tried = 1; tried <= TRIES; tried += 1) {
    await pause(Math.min(LONGEST_PAUSE_SECONDS, tried / 2));
    if (signal.aborted) return;
    try {
      await json("/healthz");
      await finish({});
      if (current.report.explanation?.origin === "rules") tell("web.lost_model", {}, false);
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
    if (!writing) await offer();
  } catch (problem) {
    status(problemNote(problem));
  }
});

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

