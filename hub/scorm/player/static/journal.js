// What could not be sent is kept in this browser, over reloads and until the course is next opened here.
//
// Other learners may use the same browser, and content of their courses may share its storage. So entries are encrypted
// (AES-CTR) under a key of the attempt, which only pages of that attempt are given. A page that goes away cannot wait for
// the browser's cryptography; so a stretch of the key stream is made beforehand, and each byte of it is used once.

const PREFIX = "answers.";
const STRETCH = 1 << 20;
const REFILL_BELOW = STRETCH / 2;
const BLOCK = 16;
const LONGEST_KEPT_MS = 30 * 24 * 60 * 60 * 1000;

export class Journal {
  /**
   * @param {?{attempt: string, key: string}} access null where nothing is recorded
   * @param {string} launch each window has an entry of its own
   */
  constructor(access, launch) {
    this.access = access;
    this.own = access && `${PREFIX}${access.attempt}.${launch}`;
    this.stream = null;
    this.isKept = false;
  }

  /** Make ready to write; the entries of this attempt that were left, oldest first. */
  async open() {
    if (this.access === null || !globalThis.crypto?.subtle) return [];
    const bytes = Uint8Array.from(this.access.key.match(/../g), (digits) => parseInt(digits, 16));
    this.key = await crypto.subtle.importKey("raw", bytes, "AES-CTR", false, ["encrypt", "decrypt"]);
    await this.refill();
    const found = await Promise.all(storedNames(`${PREFIX}${this.access.attempt}.`).map((name) => this.read(name)));
    return found.filter((entry) => entry !== null).sort((one, other) => one.at - other.at);
  }

  async refill() {
    const counter = new Uint8Array(BLOCK);
    crypto.getRandomValues(counter.subarray(0, BLOCK / 2));
    const bytes = await this.crypt(counter, new Uint8Array(STRETCH));
    this.stream = { counter, bytes, used: 0 };
  }

  async crypt(counter, data) {
    return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, this.key, data));
  }

  /** Keep this in place of what was kept; `isMissed` when it is known not to have arrived. */
  write(record, isMissed) {
    const plain = new TextEncoder().encode(JSON.stringify(record));
    if (this.stream === null || this.stream.used + plain.length > STRETCH) return;
    const { counter, bytes, used } = this.stream;
    const cipher = plain.map((byte, at) => byte ^ bytes[used + at]);
    this.stream.used += Math.ceil(plain.length / BLOCK) * BLOCK;
    if (STRETCH - this.stream.used < REFILL_BELOW) this.refill();
    const entry = { at: Date.now(), isMissed, counter: encoded(counter), block: used / BLOCK, data: encoded(cipher) };
    this.isKept = store(this.own, JSON.stringify(entry));
  }

  async read(name) {
    try {
      const { at, isMissed, counter, block, data } = JSON.parse(localStorage.getItem(name));
      const start = decoded(counter);
      new DataView(start.buffer).setBigUint64(BLOCK / 2, BigInt(block));
      const plain = await this.crypt(start, decoded(data));
      const record = JSON.parse(new TextDecoder().decode(plain));
      if (Date.now() - at < LONGEST_KEPT_MS) return { name, at, isMissed, record };
    } catch {
      // Damaged, or of another key: there is nothing to be had from it.
    }
    this.forget(name);
    return null;
  }

  /** Everything has arrived. */
  clear() {
    if (this.isKept) this.forget(this.own);
    this.isKept = false;
  }

  forget(name) {
    localStorage.removeItem(name);
  }
}

// A browser may refuse storage to framed pages, or have none left.
function store(name, value) {
  try {
    localStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

function storedNames(prefix) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

function encoded(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

const decoded = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
