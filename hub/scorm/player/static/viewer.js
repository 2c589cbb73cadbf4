// What the viewers of documents, videos and web sites share: their session with the run-time, like any content's
// (SCORM 2004 4th Ed. RTE 3.1), and the bar that shows how much has been seen.

const words = JSON.parse(document.getElementById("words").textContent);

/** The address of the file that is shown: a file of a course on this origin, and nothing else. */
export const file = new URL(new URLSearchParams(window.location.search).get("file") ?? "", window.location.href);
if (file.origin !== window.location.origin || !file.pathname.startsWith("/content/")) throw new Error("not a course file");

/** Fill the places of a sentence. */
export function sentence(name, facts = {}) {
  return Object.entries(facts).reduce((text, [place, value]) => text.replace(`{${place}}`, value), words[name] ?? "");
}

/** Say in place of the content why it cannot be shown. */
export function fail(name) {
  const notice = document.getElementById("failure");
  notice.textContent = sentence(name);
  notice.hidden = false;
}

/** One session of the run-time. Without an API, in a page opened by itself, nothing is kept. */
export class Session {
  constructor() {
    this.api = window.parent === window ? null : window.parent.API_1484_11;
    this.progress = 0;
    this.kept = {};
    this.place = "";
    if (this.api?.Initialize("") !== "true") return;
    this.place = this.api.GetValue("cmi.location");
    this.progress = Number(this.api.GetValue("cmi.progress_measure")) || 0;
    this.kept = parsed(this.api.GetValue("cmi.suspend_data"));
    this.facts = parsed(this.api.GetValue("cmi.launch_data"));
    this.api.SetValue("cmi.exit", "suspend");
    window.addEventListener("pagehide", () => this.api.Terminate(""), { once: true });
  }

  /** Keep where the learner is, what they have seen, and what share of the whole that is; a share never shrinks. */
  keep(place, seen, share, said) {
    const progress = Math.max(this.progress, Math.min(1, share));
    document.getElementById("seen").textContent = said;
    document.getElementById("share").value = progress;
    const text = JSON.stringify(seen);
    if (place === this.place && text === this.text && progress === this.progress) return;
    Object.assign(this, { place, text, progress });
    this.api?.SetValue("cmi.location", place);
    this.api?.SetValue("cmi.suspend_data", text);
    this.api?.SetValue("cmi.progress_measure", String(Math.round(progress * 10_000) / 10_000));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // Nothing kept yet, or nothing of ours.
  }
}
