// Sends what content set to the Hub, so that nothing is lost and nothing counts twice.
//
// Each commit carries the values that changed since the last one the Hub acknowledged (`base`) under a number that
// only rises (`sequence`). A commit may therefore be sent again after a lost connection, and the one at page unload
// may overtake another that is still under way.

const TIMEOUT_MS = 20_000;
const LONGEST_WAIT_MS = 30_000;
// Browsers let a page have 64 KiB under way when it goes; what is larger is sent at once instead of waiting.
const KEEPALIVE_BYTES = 60_000;
// What the replay is told: so many calls wait for the next commit at most, with so many characters of each text.
const MOST_CALLS = 1_000;
const LONGEST_TEXT = 200;
const ENVELOPE_BYTES = 100;
const RANK = { initialize: 0, commit: 1, terminate: 2 };

/** A text with its length in place of what a replay does not need. */
function shortened(value) {
  const text = String(value);
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… (${text.length})`;
}

export class CommitQueue {
  /**
   * @param {string} url where commits go
   * @param {string} token of this launch
   * @param {(state: "saved"|"saving"|"offline"|"refused"|"superseded"|"expired"|"expired_kept") => void} onState
   * @param {(answer: object) => void} onAnswer what the Hub answered to a commit
   * @param {Journal} journal keeps what could not be sent
   * @param {() => Promise<?string>} renew a new token in place of one that has expired; null where there is none
   */
  constructor(url, token, onState, onAnswer, journal, renew) {
    this.url = url;
    this.token = token;
    this.journal = journal;
    this.renew = renew;
    this.onState = onState;
    this.onAnswer = onAnswer;
    this.stopped = false;
    this.reset(null, 0);
    window.addEventListener("online", () => this.retryNow());
  }

  /** Begin with a new delivery of an activity; whatever belonged to the last one has been sent or is void. */
  reset(activity, session) {
    clearTimeout(this.timer);
    this.activity = activity;
    this.session = session;
    this.sequence = 0;
    this.base = 0;
    this.values = {};
    this.acknowledged = {};
    this.calls = [];
    this.callsFrom = 1;
    this.pending = null;
    this.navigation = "_none_";
    this.underWay = null;
    this.failures = 0;
    this.holding = false;
    this.waiters ??= [];
    this.settle();
  }

  /** Something was set that will be committed soon. */
  expect() {
    if (!this.stopped && this.failures === 0) this.onState("saving");
  }

  /** Remember a call of content for the replay. Its answer and error code are filled in when it returns. */
  called(method, element, value) {
    const call = { at: Date.now(), method, element: shortened(element), value: shortened(value), answer: "", error: 0 };
    this.calls.push(call);
    if (this.calls.length > MOST_CALLS) this.forgetCalls(this.callsFrom);
    return call;
  }

  /** Forget the calls up to the one of that number. */
  forgetCalls(last) {
    this.calls.splice(0, last - this.callsFrom + 1);
    this.callsFrom = Math.max(this.callsFrom, last + 1);
  }

  /** The oldest calls that have not arrived, as many as find room: they never hold up what the learner did. */
  callsWithin(room) {
    const now = Date.now();
    const taken = [];
    let size = 0;
    for (const { at, method, element, value, answer, error } of this.calls) {
      const entry = [Math.max(0, now - at), method, element, value, shortened(answer), error];
      size += JSON.stringify(entry).length + 1;
      if (size > room) break;
      taken.push(entry);
    }
    return taken;
  }

  /** Take the values of the session as they are now, and send what is new. */
  commit(values, kind, navigation = "_none_") {
    if (this.stopped || this.activity === null) return;
    Object.assign(this.values, values);
    if (this.pending === null || RANK[kind] > RANK[this.pending]) this.pending = kind;
    if (navigation !== "_none_") this.navigation = navigation;
    if (this.failures > 0) this.keep();
    this.expect();
    this.send();
  }

  /** Whether everything has been acknowledged. */
  get isSettled() {
    return this.pending === null && this.underWay === null;
  }

  /** Resolves once everything has been acknowledged, or given up, or after so many milliseconds. */
  drained(milliseconds) {
    if (this.isSettled) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.isSettled), milliseconds);
      this.waiters.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** The page goes away: send what is not acknowledged in a way that outlives it. */
  flush() {
    if (this.stopped || this.activity === null || this.isSettled) return;
    this.keep();
    const kind = this.pending ?? this.underWay.kind;
    const body = this.body(kind);
    try {
      if (body.length > KEEPALIVE_BYTES || !this.beacon(body)) this.keepalive(body);
    } catch {
      // A browser without either has sent the earlier commits; there is nothing left to try.
    }
  }

  /** Keep in this browser what the Hub has not acknowledged; `isMissed` when it is known not to have arrived. */
  keep(isMissed = this.failures > 0) {
    const kinds = [this.pending, this.underWay?.kind].filter((kind) => kind);
    const kind = kinds.reduce((one, other) => (RANK[other] > RANK[one] ? other : one), "commit");
    const { activity, session, base, navigation } = this;
    const record = { activity, session, base, sequence: this.sequence + 1, kind, values: this.changed(), navigation };
    this.journal.write(record, isMissed);
  }

  /**
   * Hand in what was kept in this browser when it could not be sent.
   * @returns {Promise<?{lost: boolean, answer: object}>} null while there is no connection
   */
  async handIn(record) {
    const response = await this.post(JSON.stringify(record));
    if (response === null || response.status >= 500 || response.status === 429) return null;
    if (response.answer.code === "superseded") this.stop("superseded");
    else if (response.status === 401) this.stop("expired_kept");
    return { lost: response.status !== 200, answer: response.answer };
  }

  keepalive(body) {
    const keepalive = body.length <= KEEPALIVE_BYTES;
    fetch(this.url, { method: "POST", keepalive, headers: this.headers(), body }).then(
      () => {},
      () => {},
    );
  }

  /** Only where fetch cannot outlive the page; a beacon has no headers, so the token travels in its body. */
  beacon(body) {
    if ("keepalive" in Request.prototype || !navigator.sendBeacon) return false;
    const withToken = JSON.stringify({ ...JSON.parse(body), token: this.token });
    return navigator.sendBeacon(this.url, new Blob([withToken], { type: "text/plain" }));
  }

  headers() {
    return { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
  }

  changed() {
    const entries = Object.entries(this.values);
    return Object.fromEntries(entries.filter(([name, value]) => this.acknowledged[name] !== value));
  }

  body(kind) {
    this.sequence += 1;
    const body = {
      activity: this.activity,
      session: this.session,
      base: this.base,
      sequence: this.sequence,
      kind,
      values: this.changed(),
      navigation: this.navigation,
    };
    const calls = this.callsWithin(KEEPALIVE_BYTES - JSON.stringify(body).length - ENVELOPE_BYTES);
    this.lastCall = this.callsFrom + calls.length - 1;
    return JSON.stringify({ ...body, calls, calls_from: this.callsFrom });
  }

  async send() {
    if (this.underWay !== null || this.pending === null || this.holding || this.stopped) return;
    const kind = this.pending;
    const body = this.body(kind);
    const sent = { ...this.values };
    const { session, activity, sequence, lastCall } = this;
    const attempt = { kind, session, activity, sequence, lastCall, sent };
    this.underWay = attempt;
    this.pending = null;
    const response = await this.postRenewed(body);
    if (this.underWay !== attempt) return; // The delivery it belonged to is over.
    this.underWay = null;
    if (response === null || response.status >= 500 || response.status === 429) this.again(kind);
    else if (response.status === 200) this.accepted(attempt, response.answer);
    else this.refused(kind, response);
    this.settle();
    this.send();
  }

  /** Post, and once more with a new token where the old one has expired. */
  async postRenewed(body) {
    const response = await this.post(body);
    const token = response?.status === 401 ? await this.renew() : null;
    if (token === null) return response;
    this.token = token;
    return this.post(body);
  }

  async post(body) {
    // A commit that fits is sent so that it outlives the page even when it is already under way at unload.
    const keepalive = body.length <= KEEPALIVE_BYTES;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const options = { method: "POST", keepalive, headers: this.headers(), body, signal: abort.signal };
      const response = await fetch(this.url, options);
      const answer = await response.json().catch(() => ({}));
      return { status: response.status, answer };
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  accepted(attempt, answer) {
    this.failures = 0;
    this.base = Math.max(this.base, answer.sequence);
    Object.assign(this.acknowledged, attempt.sent);
    this.forgetCalls(attempt.lastCall);
    if (this.pending === null) {
      this.journal.clear();
      this.onState("saved");
    }
    this.onAnswer({ ...answer, kind: attempt.kind });
  }

  again(kind) {
    if (this.pending === null || RANK[kind] > RANK[this.pending]) this.pending = kind;
    this.failures += 1;
    this.keep();
    this.onState("offline");
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.failures);
    const session = this.session;
    this.holding = true;
    this.timer = setTimeout(() => {
      this.holding = false;
      if (session === this.session) this.send();
    }, wait);
  }

  retryNow() {
    if (this.failures === 0) return;
    clearTimeout(this.timer);
    this.holding = false;
    this.send();
  }

  refused(kind, { status, answer }) {
    if (answer.code === "gap") {
      this.base = 0;
      this.acknowledged = {};
      this.pending ??= kind;
    } else if (status === 422 && this.drop(answer.violations ?? [])) {
      this.onState("refused");
      this.pending ??= kind;
    } else if (answer.code === "stale_session") {
      this.activity = null;
      this.pending = null;
    } else if (answer.code === "superseded") {
      this.journal.clear();
      this.stop("superseded");
    } else if (status === 401) {
      this.pending ??= kind;
      this.keep(true);
      this.stop(this.journal.isKept ? "expired_kept" : "expired");
    } else if (status === 404) {
      this.stop("expired");
    } else {
      this.onState("refused");
    }
  }

  /** Leave out the elements that break the data model, so that the others are kept. */
  drop(violations) {
    let dropped = false;
    for (const { where } of violations) {
      for (const name of Object.keys(this.changed())) {
        if (name === where || name.startsWith(`${where}.`)) {
          delete this.values[name];
          dropped = true;
        }
      }
    }
    return dropped;
  }

  stop(state) {
    this.stopped = true;
    this.pending = null;
    this.onState(state);
  }

  settle() {
    if (!this.isSettled && !this.stopped) return;
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
