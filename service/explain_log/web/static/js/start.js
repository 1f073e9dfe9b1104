// The start: a log is pasted, dropped or picked. A long one is held as it is; a text field would choke on it.

import { byId, setWord } from "./dom.js";
import { show } from "./views.js";
import { size, words } from "./words.js";

const LONGEST_IN_FIELD = 200_000;

let held = null;
let begin = () => {};
let mostBytes = Infinity;

/** explain: is called with (Blob with a name, {llm}). */
export function installStart(settings, explain) {
  begin = explain;
  mostBytes = settings.most_bytes;
  byId("ask-model").hidden = !settings.llm;
  setWord(byId("kept"), settings.store ? "web.kept" : "web.not_kept", { days: settings.days });
  byId("start").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  byId("pasted").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  });
  byId("pasted").addEventListener("paste", (event) => paste(event));
  byId("file").addEventListener("change", () => {
    if (byId("file").files.length) take(byId("file").files[0]);
  });
  byId("drop-held").addEventListener("click", () => {
    hold(null);
    byId("pasted").focus();
  });
  byId("example").addEventListener("click", async () => {
    const response = await fetch("/static/example.log");
    run(new File([await response.blob()], words("web.example_name"), { type: "text/plain" }));
  });
  installDrop();
  document.addEventListener("paste", (event) => {
    if (!byId("view-start").hidden && !event.target.closest("input, textarea, dialog")) paste(event);
  });
}

/** Shows the start, ready for a paste. */
export function showStart() {
  byId("file").value = "";
  complain(null);
  show("start");
  if (matchMedia("(hover: hover)").matches && !document.querySelector("dialog[open]")) byId("pasted").focus({ preventScroll: true });
}

function submit() {
  if (held) run(held);
  else if (byId("pasted").value.trim()) run(pastedLog(byId("pasted").value));
  else {
    complain("web.nothing_to_read");
    byId("pasted").focus();
  }
}

const pastedLog = (text) => new File([text], words("web.pasted_name"), { type: "text/plain" });

function paste(event) {
  const file = event.clipboardData.files[0];
  const text = event.clipboardData.getData("text/plain");
  if (file && !text) {
    event.preventDefault();
    take(file);
  } else if (text.length > LONGEST_IN_FIELD) {
    event.preventDefault();
    hold(pastedLog(text));
  } else if (event.target !== byId("pasted") && text) {
    event.preventDefault();
    byId("pasted").value = text;
    byId("pasted").focus();
  }
  complain(null);
}

/** What was dropped or picked is meant to be read at once. */
function take(file) {
  hold(file);
  run(file);
}

function hold(file) {
  held = file;
  byId("held").hidden = !file;
  if (!file) return;
  byId("pasted").value = "";
  setWord(byId("held-name"), "web.held", { name: file.name, size: size(file.size) });
  byId("explain").focus();
}

function run(file) {
  if (file.size > mostBytes) {
    complain("web.too_big", { name: file.name, size: size(file.size), most: size(mostBytes) });
    return;
  }
  complain(null);
  begin(file, { llm: byId("use-model").checked });
}

function complain(key, values) {
  byId("start-problem").hidden = !key;
  if (key) setWord(byId("start-problem"), key, values);
}

function installDrop() {
  const paper = byId("paper");
  const carries = (event) => [...event.dataTransfer.types].some((type) => type === "Files" || type === "text/plain");
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    paper.classList.toggle("over", !byId("view-start").hidden);
  });
  addEventListener("dragleave", (event) => event.relatedTarget || paper.classList.remove("over"));
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    paper.classList.remove("over");
    const files = event.dataTransfer.files;
    const text = event.dataTransfer.getData("text/plain");
    show("start");
    if (files.length > 1) complain("web.one_file");
    else if (files.length) take(files[0]);
    else if (text) take(pastedLog(text));
  });
}
