// The data types of the run-time data models, as the Hub describes them (hub/scorm/spec/runtime/types.py, interactions.py).
// Each judge answers null for a value of its own, "type" for one that is not, "range" for one out of range.

const BETWEEN_PARTS = "[,]";
const BETWEEN_HALVES = "[.]";
const BETWEEN_ENDS = "[:]";
const MARK = /^\{(?:case_matters|order_matters)=([^}]*)\}/u;
const LOCALIZED = /^\{lang=([^}]*)\}/u;
const TAG = /^([A-Za-z]{1,3})(?:-[A-Za-z0-9]{2,8})*$/u;

const whole = (expression) => new RegExp(`^(?:${expression})$`, "su");
const refusedUnless = (isTaken) => (isTaken ? null : "type");

/** Characters as ISO 10646 counts them, which is not how JavaScript does. */
const isWithin = (value, most) => value.length <= most || [...value].length <= most;

/** @param {string} languages what a language tag may begin with, separated by blanks */
export function judges(languages) {
  const known = new Set(languages.split(" "));
  const isLanguage = (tag) => known.has(TAG.exec(tag)?.[1].toLowerCase());
  const localized = (value) =>
    refusedUnless(!value.startsWith("{lang=") || isLanguage(LOCALIZED.exec(value)?.[1] ?? ""));

  const MAKERS = {
    text: (most) => (value) => refusedUnless(isWithin(value, most)),
    pattern: (expression) => fitting(whole(expression)),
    vocabulary: (...words) => (value) => refusedUnless(words.includes(value)),
    number: (expression, least, most) => number(whole(expression), least ?? -Infinity, most ?? Infinity),
    blank: (inner) => optional(made(inner)),
    either: (...inners) => either(inners.map(made)),
    language: () => (value) => refusedUnless(value === "" || isLanguage(value)),
    localized: () => localized,
    identifier: (expression, most) => identifier(whole(expression), most),
    identifiers: (inner, isDistinct) => identifiers(made(inner), isDistinct),
    texts: () => (value) => first(value.split(BETWEEN_PARTS), localized),
    matching: (inner) => pairs(made(inner), (isOne, source, target) => isOne(source) && isOne(target)),
    performance: (inner) =>
      pairs(made(inner), (isOne, step, answer) => step + answer !== "" && (step === "" || isOne(step))),
    range: (inner) => range(made(inner)),
    marked: (inner) => marked(made(inner)),
  };
  const made = ([kind, ...rest]) => MAKERS[kind](...rest);
  return made;
}

const fitting = (shape) => (value) => refusedUnless(shape.test(value));

const first = (parts, judge) => parts.map(judge).find((refusal) => refusal !== null) ?? null;

const optional = (inner) => (value) => (value === "" ? null : inner(value));

function number(shape, least, most) {
  return (value) => {
    if (!shape.test(value)) return "type";
    return Number(value) < least || Number(value) > most ? "range" : null;
  };
}

function either(inners) {
  return (value) => {
    const refusals = inners.map((judge) => judge(value));
    return refusals.includes(null) ? null : refusals[0];
  };
}

function identifier(shape, most) {
  return (value) => refusedUnless(isWithin(value, most) && shape.test(value));
}

function identifiers(inner, isDistinct) {
  return (value) => {
    if (value === "") return null;
    const parts = value.split(BETWEEN_PARTS);
    return isDistinct && new Set(parts).size < parts.length ? "type" : first(parts, inner);
  };
}

function pairs(inner, isPair) {
  const isOne = (text) => inner(text) === null;
  return (value) => {
    const parts = value === "" ? [] : value.split(BETWEEN_PARTS);
    const halves = parts.map((part) => part.split(BETWEEN_HALVES));
    return refusedUnless(halves.every((pair) => pair.length === 2 && isPair(isOne, ...pair)));
  };
}

function range(inner) {
  return (value) => {
    const ends = value.split(BETWEEN_ENDS);
    if (ends.length !== 2 || ends.some((end) => end !== "" && inner(end) !== null)) return "type";
    return refusedUnless(ends.includes("") || Number(ends[0]) <= Number(ends[1]));
  };
}

/** A pattern that may begin with {case_matters=...} and {order_matters=...}. */
function marked(inner) {
  return (value) => {
    let rest = value;
    for (let mark = MARK.exec(rest); mark !== null; mark = MARK.exec(rest)) {
      if (mark[1] !== "true" && mark[1] !== "false") return "type";
      rest = rest.slice(mark[0].length);
    }
    return inner(rest);
  };
}
