/* The SCORM 2004 4th Edition run-time as this course uses it (RTE section 3 and 4). */
"use strict";

class Scorm2004 {
  constructor() {
    this.api = findApi();
    this.startedAt = performance.now();
    this.open = Boolean(this.api) && this.api.Initialize("") === "true";
    if (this.open && this.get("cmi.completion_status") === "unknown") this.set("cmi.completion_status", "incomplete");
  }

  get(name) {
    return this.open ? this.api.GetValue(name) : "";
  }

  set(name, value) {
    return this.open && this.api.SetValue(name, String(value)) === "true";
  }

  commit() {
    if (this.open) this.api.Commit("");
  }

  get passMark() {
    const given = this.get("cmi.scaled_passing_score");
    return given === "" || Number.isNaN(Number(given)) ? 0.8 : Number(given);
  }

  /** The index of the objective that the manifest names `id`; -1 when the LMS has none. */
  objective(id) {
    const count = Number(this.get("cmi.objectives._count")) || 0;
    for (let index = 0; index < count; index += 1) {
      if (this.get(`cmi.objectives.${index}.id`) === id) return index;
    }
    return -1;
  }

  interaction(question, answer, isRight, seconds) {
    const name = `cmi.interactions.${Number(this.get("cmi.interactions._count")) || 0}`;
    this.set(`${name}.id`, question.id);
    this.set(`${name}.type`, question.type);
    this.set(`${name}.description`, question.text);
    if (question.objective) this.set(`${name}.objectives.0.id`, question.objective);
    this.set(`${name}.timestamp`, new Date().toISOString().replace(/\.(\d\d)\dZ$/, ".$1Z"));
    this.set(`${name}.correct_responses.0.pattern`, pattern(question));
    this.set(`${name}.weighting`, "1");
    this.set(`${name}.learner_response`, response(question, answer));
    this.set(`${name}.result`, isRight ? "correct" : "incorrect");
    this.set(`${name}.latency`, span(seconds));
  }

  score(scaled) {
    this.set("cmi.score.min", 0);
    this.set("cmi.score.max", 100);
    this.set("cmi.score.raw", Math.round(scaled * 100));
    this.set("cmi.score.scaled", scaled.toFixed(4));
    this.set("cmi.success_status", scaled >= this.passMark ? "passed" : "failed");
    this.complete();
  }

  complete() {
    this.set("cmi.progress_measure", 1);
    this.set("cmi.completion_status", "completed");
  }

  /** Whether the LMS would take this navigation request now, such as "continue". */
  mayRequest(request) {
    return this.get(`adl.nav.request_valid.${request}`) === "true";
  }

  /** End this session, with a navigation request if there is one; what is not `finished` will be resumed. */
  finish(finished, request = "") {
    if (!this.open) return;
    this.set("cmi.session_time", span((performance.now() - this.startedAt) / 1000));
    this.set("cmi.exit", finished ? "normal" : "suspend");
    if (request) this.set("adl.nav.request", request);
    this.api.Terminate("");
    this.open = false;
  }
}

/** The learner's notes, one text for the whole course in a store that its lessons share (adl.data). */
class Notes {
  static STORE = "notes";

  constructor(scorm) {
    this.scorm = scorm;
    this.index = this.find();
  }

  get available() {
    return this.index >= 0;
  }

  find() {
    const count = Number(this.scorm.get("adl.data._count")) || 0;
    for (let index = 0; index < count; index += 1) {
      if (this.scorm.get(`adl.data.${index}.id`).endsWith(Notes.STORE)) return index;
    }
    return -1;
  }

  read() {
    return this.scorm.get(`adl.data.${this.index}.store`);
  }

  write(text) {
    this.scorm.set(`adl.data.${this.index}.store`, text);
    this.scorm.commit();
  }
}

/** The API object of a parent or of the window that opened us, if there is one (RTE section 3.3.1). */
function findApi() {
  return searchUp(window) || (window.opener ? searchUp(window.opener) : null);
}

function searchUp(from) {
  let place = from;
  for (let depth = 0; depth < 8; depth += 1) {
    try {
      if (place.API_1484_11) return place.API_1484_11;
    } catch {
      return null; /* a parent of another origin: there is no API beyond it */
    }
    if (place.parent === place) return null;
    place = place.parent;
  }
  return null;
}

function pattern(question) {
  if (question.type === "numeric") return `${question.correct[0]}[:]${question.correct[0]}`;
  return response(question, question.correct);
}

function response(question, answer) {
  if (question.type === "matching") return answer.map((pair) => pair.join("[.]")).join("[,]");
  return answer.join("[,]");
}

function span(seconds) {
  return `PT${seconds.toFixed(2)}S`;
}
