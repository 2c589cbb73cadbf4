// The run-time data of one session of content, judged by the Hub's own tables, so that what is taken here is taken there
// (hub/scorm/spec/runtime/model.py judges again what is sent).

import { judges } from "./types.js";

const INDEX = /\.(0|[1-9][0-9]{0,14})(?=\.)/gu;
const BAD_INDEX = /\.0[0-9]+(?=\.)/u;
const KEYWORD = /\.?(_version|_children|_count)$/u;
const TARGETED = /^adl\.nav\.request_valid\.(choice|jump)\.\{target=(.*)\}$/su;
const REQUEST =
  /^(continue|previous|exit|exitAll|abandon|abandonAll|suspendAll|_none_|\{target=[^}]+\}(choice|jump))$/su;
const STORE = /^adl\.data\.([0-9]+)\.store$/u;
const NAVIGATION = "adl.nav.request";
// RTE 4.2.4 and 4.2.22: where the manifest sets a limit, measure and limit decide, whatever content said.
const DECIDED = {
  "cmi.completion_status": ["cmi.completion_threshold", "cmi.progress_measure", "completed", "incomplete"],
  "cmi.success_status": ["cmi.scaled_passing_score", "cmi.score.scaled", "passed", "failed"],
};

const generalName = (name) => name.replace(INDEX, ".n");
const generalCollection = (collection) => generalName(`${collection}.`).slice(0, -1);

/** The tables of an edition, made ready to judge by; once for a page. */
export class Tables {
  constructor(data, languages) {
    const made = judges(languages);
    Object.assign(this, data);
    this.collections = new Set(data.collections);
    this.once = new Set(data.once);
    this.single = new Set(data.single);
    this.distinct = new Set(data.distinct);
    this.elements = new Map(
      Object.entries(data.elements).map(([name, [access, type]]) => [name, { name, access, judge: made(type) }]),
    );
    this.typed = new Map(Object.entries(data.typed).map(([name, kinds]) => [name, byKind(kinds, made)]));
    this.containers = new Set([...this.elements.keys()].flatMap(ancestors));
  }
}

const byKind = (kinds, made) => new Map(Object.entries(kinds).map(([kind, type]) => [kind, made(type)]));

/** `cmi.core.score.raw` lies in `cmi.core.score`, `cmi.core` and `cmi`. */
function ancestors(name) {
  const parts = name.split(".");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("."));
}

export class RuntimeData {
  /**
   * @param {Tables} tables
   * @param {Record<string, string>} values what content finds
   * @param {object} moves what content may ask for
   * @param {{read: boolean, write: boolean}[]} stores what it may do with each of its adl.data
   */
  constructor(tables, values, moves, stores) {
    this.tables = tables;
    this.values = new Map(Object.entries(values));
    this.sizes = new Map();
    for (const name of this.values.keys()) this.grow(name);
    this.stores = stores;
    this.request = "_none_";
    this.targets = { choice: new Set(moves.choices), jump: new Set(moves.jumps) };
    this.moves = { continue: moves.forward, previous: moves.backward };
    /** What content has set, in the order in which it did. */
    this.written = new Map();
  }

  /** The value of an element, with the error code. */
  get(name) {
    if (name === "") return fail(this.tables.codes.nothing_to_get);
    if (this.tables.codes.no_entry === 301 && name.startsWith("adl.nav.")) return this.getNavigation(name);
    const keyword = KEYWORD.exec(name);
    return keyword ? this.getKeyword(name, keyword[1]) : this.getElement(name);
  }

  /** Set an element; the error code, 0 when it was set. */
  set(name, value) {
    const code = this.fault(name, value);
    if (code !== 0) return code;
    if (name === NAVIGATION) {
      this.request = value;
      return 0;
    }
    this.values.set(name, value);
    this.written.set(name, value);
    this.grow(name);
    return 0;
  }

  getNavigation(name) {
    if (name === NAVIGATION) return found(this.request);
    const targeted = TARGETED.exec(name);
    if (targeted) return found(String(this.targets[targeted[1]].has(targeted[2])));
    const request = name.slice("adl.nav.request_valid.".length);
    const isKnown = name === `adl.nav.request_valid.${request}` && Object.hasOwn(this.moves, request);
    return isKnown ? found(String(this.moves[request])) : fail(this.tables.codes.undefined);
  }

  getKeyword(name, keyword) {
    const { codes, defaults, collections } = this.tables;
    const parent = name.slice(0, -keyword.length - 1);
    const general = generalCollection(parent);
    const isThere = this.tables.containers.has(general) || this.tables.elements.has(general);
    if (!isThere || general === "cmi" || general === "adl") {
      return name in defaults ? found(defaults[name]) : fail(codes.undefined);
    }
    if (this.isBeyond(name)) return fail(codes.no_entry);
    if (keyword === "_count" && collections.has(general)) return found(String(this.size(parent)));
    const value = defaults[`${general}.${keyword}`];
    return value === undefined ? fail(keyword === "_count" ? codes.no_count : codes.no_children) : found(value);
  }

  getElement(name) {
    const { codes, elements, defaults } = this.tables;
    const general = generalName(name);
    const element = elements.get(general);
    if (this.isBeyond(name)) return fail(codes.no_entry);
    if (element === undefined) return fail(codes.undefined);
    if (element.access === "w" || this.store(name)?.read === false) return fail(codes.write_only);
    const value = this.decided(name) ?? this.values.get(name) ?? defaults[general];
    if (value === undefined || (value === "" && STORE.test(name))) return { value: "", code: codes.not_set };
    return found(value);
  }

  decided(name) {
    const [limit, measure, reached, missed] = DECIDED[name] ?? [];
    if (!this.values.has(limit)) return undefined;
    if (!this.values.has(measure)) return "unknown";
    return Number(this.values.get(measure)) >= Number(this.values.get(limit)) ? reached : missed;
  }

  fault(name, value) {
    const { codes } = this.tables;
    if (name === "") return codes.nothing_to_set;
    if (codes.no_entry === 301 && name.startsWith("adl.nav.")) return this.faultOfNavigation(name, value);
    const misplaced = this.faultOfPlace(name);
    if (misplaced !== 0) return misplaced;
    if (STORE.test(name) && this.store(name)?.write === false) return codes.read_only;
    return this.faultOfValue(name, value) || this.faultOfRetyping(name, value) || this.faultOfCollections(name, value);
  }

  faultOfNavigation(name, value) {
    const { codes } = this.tables;
    if (name === NAVIGATION) return REQUEST.test(value) ? 0 : codes.type_mismatch;
    return name.startsWith("adl.nav.request_valid") ? codes.read_only : codes.undefined;
  }

  /** What stands against the entries that the name goes through, the outermost first: an entry comes after those
   * before it, and its key (RTE 4.2.9 and 4.2.17: the id) before anything else of it. */
  faultOfPlace(name) {
    const { codes, elements } = this.tables;
    const isKnown = elements.has(generalName(name));
    for (const { collection, index } of this.steps(name)) {
      if (this.isOutOfOrder(collection, index)) return codes.out_of_order;
      const key = this.tables.keys[generalCollection(collection)];
      const keyed = `${collection}.${index}.${key}`;
      if (key && isKnown && name !== keyed && (this.values.get(keyed) ?? "") === "") return codes.dependency;
    }
    return 0;
  }

  /** Whether a new entry leaves a gap, or follows the only correct response that there may be. */
  isOutOfOrder(collection, index) {
    // Stores are the manifest's; content adds none.
    const last = collection === "adl.data" ? this.size(collection) - 1 : this.size(collection);
    if (index > last) return true;
    return index > 0 && collection.endsWith(".correct_responses") && this.tables.single.has(this.kind(collection));
  }

  faultOfValue(name, value) {
    const { codes, elements, once } = this.tables;
    if (BAD_INDEX.test(name)) return codes.out_of_order;
    if (KEYWORD.test(name)) return codes.keyword;
    const element = elements.get(generalName(name));
    if (element === undefined) return codes.undefined;
    if (element.access === "r") return codes.read_only;
    if (once.has(element.name) && (this.values.get(name) ?? value) !== value) return codes.out_of_order;
    return this.faultOfType(name, value, element);
  }

  faultOfType(name, value, element) {
    const { codes, typed } = this.tables;
    const kinds = typed.get(element.name);
    const kind = this.kind(name);
    if (kinds && kind === undefined) return codes.dependency;
    const refusal = (kinds?.get(kind) ?? element.judge)(value);
    if (refusal === null) return 0;
    return refusal === "type" ? codes.type_mismatch : codes.out_of_range;
  }

  /** An interaction that has responses keeps to types that they fit. */
  faultOfRetyping(name, kind) {
    const { codes, typed } = this.tables;
    if (typed.size === 0 || generalName(name) !== "cmi.interactions.n.type") return 0;
    const prefix = name.slice(0, -"type".length);
    const kept = [...this.values].filter(([other]) => other.startsWith(prefix));
    const misfits = kept.some(([other, value]) => typed.get(generalName(other))?.get(kind)?.(value));
    return misfits || !this.mayHave(kind, this.column(`${prefix}correct_responses`, "pattern")) ? codes.out_of_order : 0;
  }

  mayHave(kind, patterns) {
    if (this.tables.distinct.has(kind) && new Set(patterns).size < patterns.length) return false;
    return patterns.length < 2 || !this.tables.single.has(kind);
  }

  faultOfCollections(name, value) {
    const { codes, unique, distinct } = this.tables;
    for (const { collection, index } of this.steps(name)) {
      const general = generalCollection(collection);
      const entry = `${collection}.${index}`;
      const isDistinct = general.endsWith(".correct_responses") && distinct.has(this.kind(collection));
      const column = isDistinct ? "pattern" : unique[general];
      if (column && name === `${entry}.${column}` && this.column(collection, column, index).includes(value)) {
        return codes.out_of_order;
      }
    }
    return 0;
  }

  /** The values of one element in all entries of a collection, but for one of them. */
  column(collection, element, except = -1) {
    const places = [...Array(this.size(collection)).keys()].filter((place) => place !== except);
    return places.map((place) => this.values.get(`${collection}.${place}.${element}`));
  }

  /** The type of the interaction that the name belongs to. */
  kind(name) {
    return this.values.get(`${name.split(".").slice(0, 3).join(".")}.type`);
  }

  store(name) {
    const match = STORE.exec(name);
    return match ? this.stores[match[1]] : undefined;
  }

  /** The collections that a name goes through, with the entry in each. */
  steps(name) {
    const found = [...name.matchAll(INDEX)].map((each) => ({
      collection: name.slice(0, each.index),
      index: Number(each[1]),
    }));
    return found.filter(({ collection }) => this.tables.collections.has(generalCollection(collection)));
  }

  isBeyond(name) {
    return this.steps(name).some(({ collection, index }) => index >= this.size(collection));
  }

  size(collection) {
    return this.sizes.get(collection) ?? 0;
  }

  grow(name) {
    for (const { collection, index } of this.steps(name)) {
      if (index >= this.size(collection)) this.sizes.set(collection, index + 1);
    }
  }
}

const found = (value) => ({ value, code: 0 });
const fail = (code) => ({ value: "", code });
