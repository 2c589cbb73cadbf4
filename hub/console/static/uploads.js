/* Uploads that go on where they stopped (tus), and imports that tell how far they are (server-sent events).
   Without scripts the form sends one file the plain way, and the page of an import reloads itself. */
"use strict";

(() => {
  const PARALLEL = 3;
  const PAUSES = [0, 1000, 2000, 5000, 10000, 20000, 30000, 30000, 30000];
  const POLL_MILLISECONDS = 2000;

  // --- sending

  let library;

  /** The tus library, fetched when the first file is chosen: most visits of the page upload nothing. */
  function tus(address) {
    library ||= new Promise((resolve, reject) => {
      if (window.tus) { resolve(window.tus); return; }
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", () => resolve(window.tus));
      script.addEventListener("error", () => { library = undefined; reject(new Error(address)); });
      document.head.append(script);
    });
    return library;
  }

  /** No answer at all, a fault of the server's, or a request that is still being worked off (tus: 409, 423). */
  function isPassing(status) { return status === 0 || status >= 500 || status === 409 || status === 423; }

  class Sender {
    constructor(form) {
      this.form = form;
      this.words = form.dataset;
      this.input = form.querySelector("input[type=file]");
      this.list = document.getElementById(form.dataset.upload);
      this.waiting = [];
      this.underWay = 0;
      this.input.multiple = true;
      form.querySelector("[data-plain]").hidden = true;
      this.listen(form.querySelector(".drop"));
    }

    listen(area) {
      for (const name of ["dragenter", "dragover"]) {
        area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("over"); });
      }
      for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("over"));
      area.addEventListener("drop", (event) => { event.preventDefault(); this.take(event.dataTransfer.files); });
      this.input.addEventListener("change", () => { this.take(this.input.files); this.input.value = ""; });
      this.form.addEventListener("submit", (event) => { event.preventDefault(); this.take(this.input.files); });
    }

    take(files) {
      const rows = [...files].map((file) => new Row(this, file));
      this.list.prepend(...rows.map((row) => row.item));
      this.waiting.push(...rows);
      this.next();
    }

    next() {
      while (this.underWay < PARALLEL && this.waiting.length > 0) {
        this.underWay += 1;
        this.waiting.shift().send().finally(() => { this.underWay -= 1; this.next(); });
      }
    }
  }

  /** A file on its way, as a line of the list. */
  class Row {
    constructor(sender, file) {
      this.sender = sender;
      this.file = file;
      this.item = document.createElement("li");
      this.state = Object.assign(document.createElement("span"), { className: "soft", textContent: sender.words.waiting });
      this.bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
      this.bar.setAttribute("aria-label", file.name);
      this.button = Object.assign(document.createElement("button"), { type: "button", textContent: sender.words.cancel });
      this.button.addEventListener("click", () => this.cancel());
      const name = Object.assign(document.createElement("span"), { textContent: file.name });
      this.item.append(name, this.state, this.bar, this.button);
    }

    async send() {
      if (this.isCancelled) return;
      const { words, form } = this.sender;
      let client;
      try {
        client = await tus(words.tus);
      } catch {
        this.lost();
        return;
      }
      await new Promise((resolve) => {
        this.done = resolve;
        const metadata = { filename: this.file.name };
        if (words.package) metadata.package_id = words.package;
        this.upload = new client.Upload(this.file, {
          endpoint: words.resumable,
          chunkSize: Number(words.chunk),
          retryDelays: PAUSES,
          onShouldRetry: (error) => isPassing(error.originalResponse?.getStatus() || 0),
          metadata,
          headers: { "X-CSRF-Token": form.elements.csrf_token.value },
          fingerprint: (file) => Promise.resolve(
            ["hub", words.resumable, words.package || "", file.name, file.size, file.lastModified].join("|")),
          removeFingerprintOnSuccess: true,
          onProgress: (sent, total) => this.progress(sent, total),
          onSuccess: ({ lastResponse }) => this.received(lastResponse),
          onError: (error) => this.refused(error),
        });
        this.upload.findPreviousUploads().then((earlier) => {
          if (earlier.length > 0) {
            this.upload.resumeFromPreviousUpload(earlier[0]);
            document.getElementById(`unfinished-${earlier[0].uploadUrl.split("/").pop()}`)?.remove();
          }
          this.upload.start();
        });
      });
    }

    progress(sent, total) {
      const share = total ? Math.floor((sent / total) * 100) : 100;
      this.bar.value = share;
      this.state.textContent = `${share} %`;
    }

    async received(response) {
      const job = response.getHeader("Hub-Job");
      const answer = await fetch(`${job}?part=row`, { headers: { Accept: "text/html" } });
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      const row = parsed.querySelector("li");
      if (row) {
        this.item.replaceWith(row);
        window.htmx?.process(row);
        document.dispatchEvent(new CustomEvent("hub:added", { detail: row }));
      } else {
        window.location.assign(job);
      }
      this.done();
    }

    refused(error) {
      const response = error.originalResponse;
      if (response?.getStatus() === 401) { window.location.reload(); return; }
      const page = new DOMParser().parseFromString(response?.getBody() || "", "text/html");
      const detail = page.querySelector("[data-detail]")?.textContent;
      if (response) this.failed(detail || this.sender.words.refused);
      else this.lost();
    }

    lost() {
      const again = this.failed(this.sender.words.lost);
      window.addEventListener("online", () => { if (again.isConnected) again.click(); }, { once: true });
    }

    failed(reason) {
      this.state.textContent = reason;
      this.state.className = "problem";
      const again = Object.assign(document.createElement("button"), { type: "button", textContent: this.sender.words.again });
      again.addEventListener("click", () => { this.item.remove(); this.sender.take([this.file]); });
      this.button.before(again);
      this.done?.();
      return again;
    }

    async cancel() {
      this.isCancelled = true;
      this.item.remove();
      this.done?.();
      await this.upload?.abort(true).catch(() => {});
    }
  }

  // --- following

  /** Tells the lines of imports that are under way when something changed; each then asks for itself anew. */
  const followed = {
    source: null,
    ids: "",
    timer: 0,

    lines() { return [...document.querySelectorAll("[data-follow]")]; },

    update() {
      const ids = [...new Set(this.lines().map((line) => line.dataset.follow))].sort();
      if (ids.join() === this.ids) return;
      this.ids = ids.join();
      this.stop();
      if (ids.length > 0) this.open(ids);
    },

    open(ids) {
      const query = ids.slice(0, 50).map((id) => `id=${encodeURIComponent(id)}`).join("&");
      this.source = new EventSource(`/jobs/events?${query}`);
      this.source.addEventListener("job", (event) => this.changed(JSON.parse(event.data)));
      this.source.addEventListener("end", () => this.source?.close());
      this.source.addEventListener("error", () => {
        if (this.source?.readyState === EventSource.CLOSED) this.poll(); // No place is free: it connects no more.
      });
    },

    poll() {
      this.timer ||= setInterval(() => this.lines().forEach((line) => this.ask(line)), POLL_MILLISECONDS);
    },

    stop() {
      this.source?.close();
      this.source = null;
      clearInterval(this.timer);
      this.timer = 0;
    },

    changed(job) {
      for (const line of this.lines()) if (line.dataset.follow === job.id) this.ask(line);
    },

    ask(line) { window.htmx?.trigger(line, "job-changed"); },
  };

  // --- beginning

  function begin(scope) {
    for (const form of scope.querySelectorAll("form[data-upload]:not([data-ready])")) {
      form.dataset.ready = "";
      if (form.dataset.tus) new Sender(form);
    }
    followed.update();
  }

  document.addEventListener("DOMContentLoaded", () => begin(document));
  document.addEventListener("hub:added", () => followed.update());
  document.addEventListener("htmx:load", (event) => {
    const part = event.detail.elt;
    begin(part);
    if (part.matches("[data-state=ready]")) window.htmx.trigger(document.body, "packages-changed");
  });
  window.addEventListener("pagehide", () => followed.stop());
  window.addEventListener("pageshow", (event) => { if (event.persisted) { followed.ids = ""; followed.update(); } });
})();
