// Where the log's lines come from: the kept report, or, where nothing is kept, the log that this page still has.

import { json } from "./api.js";
import { language } from "./words.js";

const PIECE = 200;
const MOST_PIECES = 400;
const LONGEST_LINE = 20_000;

/** Lines in pieces, each fetched once and forgotten when many others were seen since. */
class Lines {
  constructor(total) {
    this.total = total;
    this.pieces = new Map();
    this.wanted = language();
  }

  /** A line if it is here already. */
  at(number) {
    const piece = this.pieces.get(Math.floor((number - 1) / PIECE));
    return Array.isArray(piece) ? piece[(number - 1) % PIECE] : undefined;
  }

  /** Fetches what is missing of these lines. Throws Problem. */
  async need(first, last) {
    const from = Math.floor((first - 1) / PIECE);
    const to = Math.floor((Math.min(last, this.total) - 1) / PIECE);
    const waiting = [];
    for (let piece = from; piece <= to; piece += 1) {
      if (!this.pieces.has(piece)) this.pieces.set(piece, this.load(piece));
      waiting.push(this.pieces.get(piece));
    }
    await Promise.all(waiting);
  }

  /** Gives a line that the service left out an empty text, so that it is not asked for again. */
  fillHole(number) {
    const piece = this.pieces.get(Math.floor((number - 1) / PIECE));
    const empty = { line: number, text: "", statement: null, meaning: null, findings: [], fields: {} };
    if (Array.isArray(piece)) piece[(number - 1) % PIECE] = empty;
  }

  async load(piece) {
    try {
      const lines = await this.fetch(piece * PIECE + 1, Math.min((piece + 1) * PIECE, this.total));
      const placed = [];
      for (const line of lines) placed[(line.line - 1) % PIECE] = line;
      this.pieces.set(piece, placed);
      if (this.pieces.size > MOST_PIECES) this.pieces.delete(this.pieces.keys().next().value);
    } catch (problem) {
      this.pieces.delete(piece);
      throw problem;
    }
  }
}

/** The lines of a kept report. */
export class ReportLines extends Lines {
  constructor(id, report) {
    super(report.source.lines);
    this.id = id;
  }

  fetch(first, last) {
    return json(`/v1/reports/${this.id}/lines?from=${first}&to=${last}&language=${this.wanted}`);
  }
}

/** The lines of a log that only this page has; the service tells what they mean and keeps nothing. */
export class LocalLines extends Lines {
  constructor(log, report) {
    super(report.source.lines);
    this.log = log;
    this.findings = findingsByLine(report);
  }

  async fetch(first, last) {
    this.texts ??= (await this.log.text()).split(/\r?\n/);
    const texts = this.texts.slice(first - 1, last).map((text) => text.slice(0, LONGEST_LINE));
    const known = await json("/v1/line", { method: "POST", json: { text: texts.join("\n"), language: this.wanted } });
    const lines = texts.map((text, place) => ({ line: first + place, text, statement: null, meaning: null, fields: {} }));
    for (const one of known) lines[one.line - 1] = { ...one, line: first + one.line - 1 };
    for (const line of lines) line.findings = this.findings.get(line.line) ?? [];
    return lines;
  }
}

/** Line → the names of findings that rest on it. */
export function findingsByLine(report) {
  const found = new Map();
  for (const finding of report.findings) {
    const name = finding.load === null ? finding.id : `${finding.id}@${finding.load}`;
    for (const { line } of finding.evidence) {
      const names = found.get(line) ?? [];
      if (!names.includes(name)) found.set(line, [...names, name]);
    }
  }
  return found;
}
