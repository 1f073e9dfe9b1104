// The log as a list in which only what can be seen exists: it stays light however long the log is.

import { byId, el, setWord } from "./dom.js";
import { findingsByLine } from "./lines.js";
import { showMeaning } from "./meaning.js";
import { count } from "./words.js";

const TALLEST = 8_000_000; // browsers cannot lay out much more; longer logs scroll by share
const OVERSCAN = 12;
const LONGEST_SHOWN = 800;
const SETTLED_MILLISECONDS = 60;
const MOST_TICKS = 400;
const ORDER = ["error", "warning", "notice", "info", "benign"];

class LogView {
  constructor() {
    this.list = byId("list");
    this.space = el("div", { class: "space", role: "presentation" });
    this.rows = new Map();
    this.chosen = 0;
    this.hovered = 0;
    this.list.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.list.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.move(event));
    this.list.addEventListener("pointerleave", () => this.hover(0));
    this.list.addEventListener("click", (event) => rowOf(event) && this.choose(rowOf(event)));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focus", () => this.chosen || this.choose(this.top()));
    new ResizeObserver(() => this.lines && this.schedule()).observe(this.list);
    byId("mark-before").addEventListener("click", () => this.toMark(-1));
    byId("mark-after").addEventListener("click", () => this.toMark(1));
    byId("go-to").addEventListener("submit", (event) => {
      event.preventDefault();
      const number = Number(byId("line-number").value);
      if (number) this.goTo(number, { focus: true });
    });
  }

  /** Shows the lines of a report. */
  async open(lines, report) {
    this.lines = lines;
    this.report = report;
    this.findings = findingsByLine(report);
    this.severities = severities(report);
    this.marks = [...this.severities.keys()].sort((a, b) => a - b);
    this.rows.clear();
    this.widest = 0;
    this.chosen = this.hovered = 0;
    setWord(byId("log-count"), "web.log_count", { lines: count(lines.total), marked: count(this.marks.length) });
    this.list.replaceChildren(this.space);
    this.space.replaceChildren();
    this.list.scrollTop = 0;
    this.measure();
    this.drawTrack();
    this.render();
    const first = this.marks.find((line) => this.severities.get(line) === this.worst()) ?? 1;
    await this.lines.need(first, first).catch(() => {});
    this.chosen = Math.min(first, lines.total);
    this.render();
    this.tell();
  }

  worst() {
    return ORDER.find((severity) => [...this.severities.values()].includes(severity));
  }

  measure() {
    const row = el("div", { class: "row", "aria-hidden": "true" }, el("code", { text: "0" }));
    this.space.append(row);
    this.rowHeight = row.getBoundingClientRect().height || 22;
    row.remove();
    this.whole = this.lines.total * this.rowHeight;
    this.tall = Math.min(this.whole, TALLEST);
    this.space.style.height = `${this.tall}px`;
  }

  /** How far the unscaled list is scrolled. */
  offset() {
    const room = this.tall - this.list.clientHeight;
    if (this.whole <= this.tall || room <= 0) return this.list.scrollTop;
    return (this.list.scrollTop / room) * (this.whole - this.list.clientHeight);
  }

  top() {
    return Math.min(this.lines.total, Math.floor(this.offset() / this.rowHeight) + 1);
  }

  schedule() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      this.render();
    });
  }

  render() {
    if (!this.lines?.total) return;
    const offset = this.offset();
    const first = Math.max(1, Math.floor(offset / this.rowHeight) + 1 - OVERSCAN);
    const last = Math.min(this.lines.total, Math.ceil((offset + this.list.clientHeight) / this.rowHeight) + OVERSCAN);
    for (const [number, row] of this.rows) {
      if (number < first || number > last) {
        row.remove();
        this.rows.delete(number);
      }
    }
    const shift = this.list.scrollTop - offset;
    for (let number = first; number <= last; number += 1) this.draw(number, shift);
    this.space.style.minWidth = `${this.widest + 8}ch`;
    if (this.chosen >= first && this.chosen <= last) this.list.setAttribute("aria-activedescendant", `row-${this.chosen}`);
    else this.list.removeAttribute("aria-activedescendant");
    this.fill(first, last);
  }

  draw(number, shift) {
    const line = this.lines.at(number);
    let row = this.rows.get(number);
    if (!row || (line && "empty" in row.dataset)) {
      const made = this.row(number, line);
      if (row) row.replaceWith(made);
      else this.space.append(made);
      this.rows.set(number, (row = made));
    }
    row.style.transform = `translateY(${(number - 1) * this.rowHeight + shift}px)`;
    row.setAttribute("aria-selected", String(number === this.chosen));
  }

  row(number, line) {
    const severity = this.severities.get(number) ?? "";
    const text = line ? line.text.slice(0, LONGEST_SHOWN) : "";
    this.widest = Math.max(this.widest, text.length);
    const known = line && line.statement === null ? "unknown" : "";
    const level = line?.severity === "error" || line?.severity === "warning" ? `level-${line.severity}` : "";
    const made = el(
      "div",
      {
        class: ["row", severity, known, level].filter(Boolean).join(" "), id: `row-${number}`, role: "option",
        "aria-posinset": number, "aria-setsize": this.lines.total, "data-line": number, "data-empty": !line,
      },
      el("span", { class: "number", text: number }),
      el("code", { text: text || " " }),
    );
    return made;
  }

  /** Fetches what is seen, once the scrolling has come to rest. */
  fill(first, last) {
    clearTimeout(this.filling);
    for (let number = first; number <= last; number += 1) {
      if (this.lines.at(number) === undefined) {
        this.filling = setTimeout(() => this.fetch(first, last), SETTLED_MILLISECONDS);
        return;
      }
    }
  }

  async fetch(first, last) {
    const lines = this.lines;
    try {
      await lines.need(first, last);
    } catch (problem) {
      if (lines === this.lines) showMeaning(null, null, problem);
      return;
    }
    // The server leaves nothing out; a hole would be asked for for ever.
    for (let number = first; number <= last; number += 1) {
      if (lines.at(number) === undefined) lines.fillHole(number);
    }
    if (lines !== this.lines) return;
    this.render();
    this.tell();
  }

  /** Lines that pass beneath a pointer at rest do not count. */
  move(event) {
    const at = `${event.screenX} ${event.screenY}`;
    if (at !== this.pointer) this.hover(rowOf(event));
    this.pointer = at;
  }

  hover(number) {
    if (number === this.hovered) return;
    this.hovered = number;
    this.tell();
  }

  choose(number) {
    this.chosen = Math.max(1, Math.min(this.lines.total, number));
    this.hovered = 0;
    this.render();
    this.tell();
  }

  tell() {
    const number = this.hovered || this.chosen;
    if (number) showMeaning({ number, severity: this.severities.get(number), line: this.lines.at(number) }, this.report);
  }

  /** The chosen line. */
  place() {
    return this.chosen;
  }

  /** Brings a line into the middle and chooses it. */
  goTo(number, { focus = false } = {}) {
    if (!this.lines?.total) return;
    const line = Math.max(1, Math.min(this.lines.total, number));
    this.scrollTo((line - 0.5) * this.rowHeight - this.list.clientHeight / 2);
    this.choose(line);
    if (focus) this.list.focus({ preventScroll: true });
  }

  scrollTo(offset) {
    const room = this.tall - this.list.clientHeight;
    const scaled = this.whole <= this.tall ? offset : (offset / (this.whole - this.list.clientHeight)) * room;
    this.list.scrollTop = Math.max(0, Math.min(room, scaled));
  }

  toMark(step) {
    const ahead = step > 0 ? this.marks.find((line) => line > this.chosen) : this.marks.findLast((line) => line < this.chosen);
    const line = ahead ?? (step > 0 ? this.marks[0] : this.marks.at(-1));
    if (line === undefined) return;
    this.goTo(line);
    const box = this.list.getBoundingClientRect();
    if (box.bottom < 0 || box.top > innerHeight) byId("log").scrollIntoView({ block: "start" });
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const line = Math.max(1, Math.min(this.lines.total, this.chosen + step));
    const offset = this.offset();
    const top = (line - 1) * this.rowHeight;
    if (top < offset) this.scrollTo(top);
    else if (top + this.rowHeight > offset + this.list.clientHeight) this.scrollTo(top + this.rowHeight - this.list.clientHeight);
    this.choose(line);
  }

  /** Where in the log findings rest, beside it. */
  drawTrack() {
    const marks = this.marks.filter((line) => this.severities.get(line) !== "info");
    const every = Math.max(1, Math.ceil(marks.length / MOST_TICKS));
    const ticks = marks.filter((line, place) => place % every === 0 || this.severities.get(line) === "error");
    byId("track").replaceChildren(
      ...ticks.slice(0, 2 * MOST_TICKS).map((line) => {
        const tick = el("span", { class: `tick ${this.severities.get(line)}`, onclick: () => this.goTo(line) });
        tick.style.top = `${((line - 0.5) / this.lines.total) * 100}%`;
        return tick;
      }),
    );
  }
}

const rowOf = (event) => Number(event.target.closest(".row")?.dataset.line ?? 0);

/** Line → the worst severity of the findings that rest on it. */
function severities(report) {
  const worst = new Map();
  for (const finding of report.findings) {
    const severity = finding.benign ? "benign" : finding.severity;
    for (const { line } of finding.evidence) {
      const known = worst.get(line);
      if (known === undefined || ORDER.indexOf(severity) < ORDER.indexOf(known)) worst.set(line, severity);
    }
  }
  return worst;
}

export const logView = new LogView();
