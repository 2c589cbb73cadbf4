/* The SCORM 1.2 run-time as this course uses it (RTE 1.2 section 3.3 and 3.4). */
"use strict";

class Scorm12 {
  constructor() {
    this.api = findApi();
    this.startedAt = performance.now();
    this.open = Boolean(this.api) && this.api.LMSInitialize("") === "true";
    if (this.open && this.get("cmi.core.lesson_status") === "not attempted") this.set("cmi.core.lesson_status", "incomplete");
  }

  get(name) {
    return this.open ? this.api.LMSGetValue(name) : "";
  }

  set(name, value) {
    return this.open && this.api.LMSSetValue(name, String(value)) === "true";
  }

  commit() {
    if (this.open) this.api.LMSCommit("");
  }

  get passMark() {
    const given = this.get("cmi.student_data.mastery_score");
    return given === "" || Number.isNaN(Number(given)) ? 80 : Number(given);
  }

  interaction(question, answer, isRight, seconds) {
    const name = `cmi.interactions.${Number(this.get("cmi.interactions._count")) || 0}`;
    this.set(`${name}.id`, question.id);
    this.set(`${name}.time`, clock(new Date()));
    this.set(`${name}.type`, question.type);
    this.set(`${name}.correct_responses.0.pattern`, response(question, question.correct));
    this.set(`${name}.weighting`, "1");
    this.set(`${name}.student_response`, response(question, answer));
    this.set(`${name}.result`, isRight ? "correct" : "wrong");
    this.set(`${name}.latency`, span(seconds));
  }

  score(raw) {
    this.set("cmi.core.score.min", 0);
    this.set("cmi.core.score.max", 100);
    this.set("cmi.core.score.raw", raw);
    this.set("cmi.core.lesson_status", raw >= this.passMark ? "passed" : "failed");
  }

  /** End this session; what is not `finished` will be resumed. */
  finish(finished) {
    if (!this.open) return;
    this.set("cmi.core.session_time", span((performance.now() - this.startedAt) / 1000));
    this.set("cmi.core.exit", finished ? "" : "suspend");
    this.api.LMSFinish("");
    this.open = false;
  }
}

/** The API object of a parent or of the window that opened us, if there is one (section 3.3.6.1). */
function findApi() {
  return searchUp(window) || (window.opener ? searchUp(window.opener) : null);
}

function searchUp(from) {
  let place = from;
  for (let depth = 0; depth < 8; depth += 1) {
    try {
      if (place.API) return place.API;
    } catch {
      return null; /* a parent of another origin: there is no API beyond it */
    }
    if (place.parent === place) return null;
    place = place.parent;
  }
  return null;
}

function response(question, answer) {
  return question.type === "matching" ? answer.map((pair) => pair.join(".")).join(",") : answer.join(",");
}

function clock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function span(seconds) {
  const hours = String(Math.floor(seconds / 3600)).padStart(4, "0");
  const minutes = String(Math.floor(seconds / 60) % 60).padStart(2, "0");
  return `${hours}:${minutes}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
}
