// The run-time API that content finds: scorm-again's object, sessions and error texts, our judgement of the data model,
// and our queue for what is to be sent.
//
// Only the API that the manifest asks for exists. It is on this window before content is loaded, so content finds it
// in its parent, or in its opener's parent, at its very first look.

import { RuntimeData } from "./model.js";

// Content that forgets to commit is committed for, soon after it set something.
const AUTOMATIC_COMMIT_MS = 1_500;
// So much is sent at once: the less is pending, the less can be lost when the page goes.
const LARGE = 16_000;
const NOT_INITIALIZED_12 = "301";
const TYPE_MISMATCH_12 = 405;

const EDITIONS = {
  API: {
    library: "Scorm12API",
    get: "LMSGetValue",
    set: "LMSSetValue",
    commit: "LMSCommit",
    initialize: "LMSInitialize",
    terminate: "LMSFinish",
  },
  API_1484_11: {
    library: "Scorm2004API",
    get: "GetValue",
    set: "SetValue",
    commit: "Commit",
    initialize: "Initialize",
    terminate: "Terminate",
  },
};

/** The calls that the replay tells of; what only asks about errors tells nothing new. */
const REPLAYED = {
  API: ["LMSInitialize", "LMSGetValue", "LMSSetValue", "LMSCommit", "LMSFinish"],
  API_1484_11: ["Initialize", "GetValue", "SetValue", "Commit", "Terminate"],
};

/** Take the APIs off the window. */
export function closeRuntime() {
  delete window.API;
  delete window.API_1484_11;
}

/**
 * Put the API for a delivery on the window.
 * @param {object} delivery what is shown, and the values that content finds
 * @param {object} moves what content may ask for
 * @param {Tables} tables of the data model
 * @param {Map<string, number>} limits the most characters of the elements that the package is strict about
 * @returns {() => void} sends what content has set and not yet committed
 */
export function openRuntime(delivery, moves, tables, queue, onTerminate, limits = new Map()) {
  closeRuntime();
  if (delivery.api === null) return () => {};
  const edition = EDITIONS[delivery.api];
  const data = new RuntimeData(tables, delivery.values, moves, delivery.stores);
  let timer = null;
  let unsent = 0;
  let isOpen = false;
  let calling = null;

  const api = new window[edition.library]({
    autocommit: false,
    httpService: { processHttpRequest: take, updateSettings: () => {} },
    lmsCommitUrl: "queue",
    logLevel: 5,
    mastery_override: false,
  });
  const judged = {
    [edition.get]: (element) => {
      const { value, code } = data.get(text(element));
      api.lastErrorCode = String(code);
      return value;
    },
    [edition.set]: (element, value) => {
      const isTooLong = text(value).length > (limits.get(element) ?? Infinity);
      const code = isTooLong ? TYPE_MISMATCH_12 : data.set(text(element), text(value));
      api.lastErrorCode = String(code);
      if (code === 0) note(text(value).length);
      return String(code === 0);
    },
    [edition.commit]: api[edition.commit],
    [edition.terminate]: api[edition.terminate],
  };
  for (const [method, inside] of Object.entries(judged)) {
    const library = api[method];
    api[method] = (...given) => {
      if (isOpen) return inside.apply(api, given);
      if (delivery.api === "API") return refuse(method === edition.get ? "" : "false");
      return library.apply(api, given);
    };
  }
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

  /** Outside of a session SCORM 1.2 knows one error (RTE 3.5); 2004 knows many, which the library gives. */
  function refuse(nothing) {
    api.lastErrorCode = NOT_INITIALIZED_12;
    return nothing;
  }

  /** Every commit of the library comes here; it is answered at once and sent by the queue. */
  function take(_url, _values, _immediate, _log, _listeners, metadata) {
    if (queue.stopped) return { result: "false", errorCode: delivery.api === "API" ? 101 : 391 };
    succeeds();
    const isLast = metadata?.isTerminateCommit === true;
    send(isLast ? "terminate" : "commit", isLast ? data.request : "_none_");
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

  function note(size) {
    unsent += size;
    queue.expect();
    timer ??= setTimeout(commitPending, AUTOMATIC_COMMIT_MS);
    if (unsent > LARGE) commitPending();
  }

  function commitPending() {
    if (isOpen && timer !== null) send("commit", "_none_");
  }

  function send(kind, navigation) {
    clearTimeout(timer);
    timer = null;
    unsent = 0;
    queue.commit(Object.fromEntries(data.written), kind, navigation);
  }
}

/** Content passes numbers and booleans, too. */
const text = (value) => (value === undefined || value === null ? "" : String(value));
