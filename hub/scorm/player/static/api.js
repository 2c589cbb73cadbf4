// The run-time API that content finds: scorm-again, with its commits going through our queue.
//
// Only the API that the manifest asks for exists. It is on this window before content is loaded, so content finds it
// in its parent, or in its opener's parent, at its very first look.

// Content that forgets to commit is committed for, soon after it set something.
const AUTOMATIC_COMMIT_MS = 1_500;
// So much in one value is sent at once: the less is pending, the less can be lost when the page goes.
const LARGE_VALUE = 20_000;

const EDITIONS = {
  API: { library: "Scorm12API", set: "LMSSetValue", initialize: "LMSInitialize", terminate: "LMSFinish" },
  API_1484_11: { library: "Scorm2004API", set: "SetValue", initialize: "Initialize", terminate: "Terminate" },
};

/** The calls that the replay tells of; what only asks about errors tells nothing new. */
const REPLAYED = {
  API: ["LMSInitialize", "LMSGetValue", "LMSSetValue", "LMSCommit", "LMSFinish"],
  API_1484_11: ["Initialize", "GetValue", "SetValue", "Commit", "Terminate"],
};

const generalName = (name) => name.replace(/\.\d+(?=\.|$)/g, ".n");
const UNDEFINED_ELEMENT = "401";
/** SCORM 1.2's code for a value of the wrong type. */
const TYPE_MISMATCH = "405";

/** Take the APIs off the window. */
export function closeRuntime() {
  delete window.API;
  delete window.API_1484_11;
}

/**
 * Put the API for a delivery on the window. `moves` are what content may ask for, `elements` the names of the data
 * model, `limits` the most characters of those that the package is strict about.
 * @returns {() => void} sends what content has set and not yet committed
 */
export function openRuntime(delivery, moves, elements, queue, onTerminate, limits = new Map()) {
  closeRuntime();
  if (delivery.api === null) return () => {};
  const edition = EDITIONS[delivery.api];
  const targets = { choice: new Set(moves.choices), jump: new Set(moves.jumps) };
  let asked = "choice";
  const known = new Set(elements);
  const touched = new Set();
  let timer = null;
  let isOpen = false;
  let calling = null;

  const api = new window[edition.library]({
    autocommit: false,
    dataCommitFormat: "flattened",
    httpService: { processHttpRequest: take, updateSettings: () => {} },
    lmsCommitUrl: "queue",
    logLevel: 5,
    mastery_override: false,
    scoItemIdValidator: (target) => targets[asked].has(target),
  });
  api.loadFromFlattenedJSON(delivery.values);
  if (api.adl) {
    const valid = { continue: String(moves.forward), previous: String(moves.backward) };
    api.loadFromJSON({ adl: { nav: { request_valid: valid } } }, "");
  }
  if (api.GetValue) {
    // The library asks for choice and jump targets alike; which of the two it is stands in the element's name.
    const get = api.GetValue;
    api.GetValue = (element) => {
      asked = String(element).startsWith("adl.nav.request_valid.jump") ? "jump" : "choice";
      return get.call(api, element);
    };
  }
  const set = api[edition.set];
  api[edition.set] = (element, value) => {
    if (isOpen && isContainer(String(element))) {
      api.lastErrorCode = UNDEFINED_ELEMENT;
      return "false";
    }
    if (isOpen && limits.has(element) && String(value).length > limits.get(element)) {
      api.lastErrorCode = TYPE_MISMATCH;
      return "false";
    }
    const result = clears(element, value) ? "true" : set.call(api, element, value);
    if (result === "true") note(String(element), String(value));
    return result;
  };
  REPLAYED[delivery.api].forEach(replayed);
  api.on(edition.initialize, () => {
    isOpen = true;
    succeeds();
    queue.commit({}, "initialize");
  });
  api.on(edition.terminate, () => {
    isOpen = false;
    onTerminate();
  });
  window[delivery.api] = api;
  return commitPending;

  /** The library refuses an empty bookmark, which RTE 4.2.14 allows: content clears it when a learner is through. */
  function clears(element, value) {
    if (!isOpen || element !== "cmi.location" || String(value) !== "") return false;
    api.cmi.content._location = "";
    api.lastErrorCode = "0";
    return true;
  }

  /** The library would let content put a text in the place of a whole collection, and lose what is in it. */
  function isContainer(element) {
    const name = generalName(element);
    const isPart = [...known].some((each) => each.startsWith(`${name}.`));
    return element !== "" && isPart && !known.has(name);
  }

  /** Every commit of the library comes here; it is answered at once and sent by the queue. */
  function take(_url, values, _immediate, _log, _listeners, metadata) {
    if (queue.stopped) return { result: "false", errorCode: delivery.api === "API" ? 101 : 391 };
    succeeds();
    clearTimeout(timer);
    timer = null;
    const isLast = metadata?.isTerminateCommit === true;
    const navigation = (isLast && api.adl?.nav?.request) || "_none_";
    queue.commit(settable(values), isLast ? "terminate" : "commit", navigation);
    return { result: "true", errorCode: 0 };
  }

  /** Have a call told to the replay with its answer and error code. */
  function replayed(method) {
    const call = api[method];
    api[method] = (...parameters) => {
      const [element = "", value = ""] = parameters;
      const outer = calling;
      calling = queue.called(method, element, value);
      const told = calling;
      const answer = call.apply(api, parameters);
      told.answer = answer;
      told.error = Number(api.lastErrorCode) || 0;
      calling = outer;
      return answer;
    };
  }

  /** The call under way has succeeded, and what it causes is sent before it returns. */
  function succeeds() {
    if (calling !== null) calling.answer = "true";
  }

  function note(element, value) {
    touched.add(element);
    queue.expect();
    timer ??= setTimeout(commitPending, AUTOMATIC_COMMIT_MS);
    if (value.length > LARGE_VALUE) commitPending();
  }

  function commitPending() {
    const isDirty = timer !== null;
    clearTimeout(timer);
    timer = null;
    if (isOpen && isDirty) queue.commit(settable(api.renderCommitCMI(false)), "commit");
  }

  /**
   * What content has set itself. What the library derives from it (a status at the end, say) is left out: the Hub
   * decides that, and sequencing has to know what content really said.
   */
  function settable(values) {
    const entries = Object.entries(values).filter(
      ([name, value]) => touched.has(name) && (typeof value === "string" || typeof value === "number"),
    );
    return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  }
}
