// Where content is shown: in the player's frame, or in a window of its own if the package is set so.

const BLANK = "about:blank";
const UNLOAD_MS = 2_000;
const WATCH_MS = 500;

/** Content in the player's page. */
export class FrameStage {
  constructor(shell) {
    this.shell = shell;
    this.frame = shell.frame;
  }

  show(url) {
    this.shell.resume();
    // Replacing keeps the browser's Back button out of the frame.
    this.frame.contentWindow.location.replace(url);
    this.frame.focus();
  }

  /** Unload the content, so that its own unload handlers can still say goodbye to their API. */
  async clear() {
    const unloaded = new Promise((resolve) => {
      this.frame.addEventListener("load", resolve, { once: true });
      setTimeout(resolve, UNLOAD_MS);
    });
    this.frame.contentWindow.location.replace(BLANK);
    await unloaded;
  }

  /** The visit is over. */
  leave() {
    this.frame.contentWindow.location.replace(BLANK);
  }
}

/** Content in a window of its own, which finds the API in its opener. Browsers open one only at a learner's click. */
export class WindowStage {
  /**
   * @param {object} shell
   * @param {{width: ?number, height: ?number}} size in CSS pixels; null: as large as there is room
   * @param {() => void} onClosed the learner has closed the window
   */
  constructor(shell, size, onClosed) {
    this.shell = shell;
    this.size = size;
    this.onClosed = onClosed;
    this.window = null;
  }

  get isOpen() {
    return this.window !== null && !this.window.closed;
  }

  show(url) {
    if (this.isOpen) {
      this.window.location.replace(url);
      this.window.focus();
    } else {
      this.shell.tell("open_window", () => this.open(url), "open_window_now");
    }
  }

  open(url) {
    const { width = null, height = null } = this.size;
    const features = [`width=${width ?? screen.availWidth}`, `height=${height ?? screen.availHeight}`];
    this.window = window.open(url, "_blank", [...features, "resizable=yes", "scrollbars=yes"].join(","));
    if (this.window === null) {
      this.shell.tell("window_blocked", () => this.open(url), "open_window_now");
      return;
    }
    this.shell.tell("in_window", () => this.window.focus(), "to_window");
    clearInterval(this.watch);
    this.watch = setInterval(() => this.look(), WATCH_MS);
  }

  look() {
    if (this.isOpen) return;
    clearInterval(this.watch);
    this.window = null;
    this.onClosed();
  }

  async clear() {
    if (!this.isOpen) return;
    this.window.location.replace(BLANK);
    const end = Date.now() + UNLOAD_MS;
    while (Date.now() < end && this.isOpen && !this.isBlank()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  isBlank() {
    try {
      return this.window.location.href === BLANK;
    } catch {
      return false; // Content from another site; there is nothing to wait for that could be seen.
    }
  }

  leave() {
    clearInterval(this.watch);
    this.window?.close();
    this.window = null;
  }
}
