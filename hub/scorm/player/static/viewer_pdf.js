// A PDF page below page, drawn by pdf.js without anything the document may have of scripts. A page counts as seen when
// it has filled half of itself, or half of the view, for a second.

import { AnnotationType, GlobalWorkerOptions, TextLayer, getDocument } from "./pdf.min.mjs";
import { Session, fail, file, sentence } from "./viewer.js";

const TICK_MS = 500;
const TICKS_TO_SEE = 2;
const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
// A phone's memory holds so much of a canvas and no more.
const MOST_PIXELS = 8_000_000;
const KEPT_AROUND = 3;

const find = (id) => document.getElementById(id);
const pages = find("pages");
const session = new Session();
const seen = fromRanges(session.kept.seen ?? "");
const sheets = [];
let zoom = ZOOMS.indexOf(1);
let shown = Number(session.place) || 1;

GlobalWorkerOptions.workerSrc = new URL("./pdf.worker.min.mjs", import.meta.url).href;
const folder = new URL("./", import.meta.url).href;
const loading = getDocument({
  url: file.href,
  cMapUrl: folder,
  standardFontDataUrl: folder,
  wasmUrl: folder,
  iccUrl: folder,
  useWasm: false,
  enableXfa: false,
  maxImageSize: 64 * 1024 * 1024,
});
loading.onPassword = () => {
  fail("protected");
  loading.destroy();
};
loading.promise.then(open).catch(() => {
  if (find("failure").hidden) fail("unreadable");
});

async function open(pdf) {
  const first = await pdf.getPage(1);
  for (let number = 1; number <= pdf.numPages; number += 1) sheets.push(new Sheet(pdf, number, first));
  pages.append(...sheets.map((sheet) => sheet.element));
  find("pages-count").textContent = `/ ${pdf.numPages}`;
  fit();
  new ResizeObserver(debounced(fit)).observe(pages);
  pages.addEventListener("scroll", debounced(draw), { passive: true });
  setInterval(look, TICK_MS);
  draw();
}

/** One page: an empty sheet of the right size until it comes near. */
class Sheet {
  constructor(pdf, number, like) {
    this.pdf = pdf;
    this.number = number;
    this.page = number === 1 ? like : null;
    this.like = like;
    this.ticks = 0;
    this.scale = 0;
    this.element = document.createElement("section");
    this.element.className = "sheet";
    this.element.setAttribute("aria-label", sentence("page", { number }));
  }

  size(width) {
    const page = this.page ?? this.like;
    const scale = (width / page.getViewport({ scale: 1 }).width) * ZOOMS[zoom];
    const { width: across, height } = page.getViewport({ scale });
    Object.assign(this.element.style, { width: `${across}px`, height: `${height}px` });
    this.element.style.setProperty("--total-scale-factor", scale);
    this.wanted = scale;
  }

  async draw() {
    if (this.scale === this.wanted) return;
    this.scale = this.wanted;
    if (this.page === null) {
      this.page = await this.pdf.getPage(this.number);
      this.size(room());
      this.scale = this.wanted;
    }
    const viewport = this.page.getViewport({ scale: this.scale });
    const canvas = document.createElement("canvas");
    const sharp = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
    canvas.width = Math.floor(viewport.width * sharp);
    canvas.height = Math.floor(viewport.height * sharp);
    const words = document.createElement("div");
    words.className = "words";
    const task = this.page.render({ canvas, viewport, transform: [sharp, 0, 0, sharp, 0, 0] });
    const text = new TextLayer({ textContentSource: this.page.streamTextContent(), container: words, viewport });
    const [links] = await Promise.all([this.links(viewport), task.promise, text.render()]);
    if (this.scale === this.wanted) this.element.replaceChildren(canvas, words, ...links);
  }

  /** Links to the web open beside the course, links within the document lead to their page. */
  async links(viewport) {
    const annotations = await this.page.getAnnotations();
    const kinds = annotations.filter((one) => one.annotationType === AnnotationType.LINK && (one.url || one.dest));
    return kinds.map((one) => {
      const [left, top] = viewport.convertToViewportPoint(one.rect[0], one.rect[1]);
      const [right, bottom] = viewport.convertToViewportPoint(one.rect[2], one.rect[3]);
      const link = document.createElement("a");
      Object.assign(link.style, {
        left: `${Math.min(left, right)}px`,
        top: `${Math.min(top, bottom)}px`,
        width: `${Math.abs(right - left)}px`,
        height: `${Math.abs(bottom - top)}px`,
      });
      if (one.url) Object.assign(link, { href: one.url, target: "_blank", rel: "noopener noreferrer nofollow" });
      else Object.assign(link, { href: "#", onclick: (event) => this.follow(event, one.dest) });
      link.setAttribute("aria-label", one.url ?? sentence("link"));
      return link;
    });
  }

  async follow(event, destination) {
    event.preventDefault();
    const target = typeof destination === "string" ? await this.pdf.getDestination(destination) : destination;
    const reference = target?.[0];
    if (reference === undefined || reference === null) return;
    goTo(Number.isInteger(reference) ? reference + 1 : (await this.pdf.getPageIndex(reference)) + 1);
  }

  /** A page that is damaged says so; the others go on. */
  spoil() {
    const notice = document.createElement("p");
    notice.textContent = sentence("page_unreadable");
    this.element.replaceChildren(notice);
  }

  clear() {
    this.scale = 0;
    this.element.replaceChildren();
  }
}

const room = () => Math.max(200, Math.min(pages.clientWidth - 24, 1100));

/** Give all sheets the size for the room there is, and stay on the page that is shown. */
function fit() {
  for (const sheet of sheets) sheet.size(room());
  goTo(shown);
}

function goTo(number) {
  shown = Math.max(1, Math.min(sheets.length, Math.round(number) || shown));
  const sheet = sheets[shown - 1];
  if (sheet) pages.scrollTop = sheet.element.offsetTop - pages.offsetTop - 12;
  draw();
}

/** Draw what is in view and next to it, and let go of the rest. */
function draw() {
  if (sheets.length === 0) return;
  const middle = pages.scrollTop + pages.clientHeight / 2;
  const at = sheets.findIndex((sheet) => bottomOf(sheet) > middle);
  shown = at < 0 ? sheets.length : at + 1;
  find("page").value = shown;
  find("previous").disabled = shown === 1;
  find("next").disabled = shown === sheets.length;
  for (const sheet of sheets) {
    if (Math.abs(sheet.number - shown) <= KEPT_AROUND) sheet.draw().catch(() => sheet.spoil());
    else if (sheet.scale) sheet.clear();
  }
  tell();
}

const topOf = (sheet) => sheet.element.offsetTop - pages.offsetTop;
const bottomOf = (sheet) => topOf(sheet) + sheet.element.offsetHeight;

function look() {
  if (document.visibilityState === "hidden") return;
  const [top, bottom] = [pages.scrollTop, pages.scrollTop + pages.clientHeight];
  for (const sheet of sheets) {
    const visible = Math.min(bottom, bottomOf(sheet)) - Math.max(top, topOf(sheet));
    const enough = Math.min(sheet.element.offsetHeight, bottom - top) / 2;
    sheet.ticks = visible >= enough ? sheet.ticks + 1 : 0;
    if (sheet.ticks >= TICKS_TO_SEE) seen.add(sheet.number);
  }
  tell();
}

function tell() {
  const facts = { seen: seen.size, all: sheets.length };
  session.keep(String(shown), { seen: toRanges(seen) }, seen.size / sheets.length, sentence("pages_seen", facts));
}

function toRanges(numbers) {
  const ranges = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",");
}

function fromRanges(text) {
  const numbers = new Set();
  for (const [, from, to] of String(text).matchAll(/(\d{1,6})(?:-(\d{1,6}))?/g)) {
    for (let number = Number(from); number <= Number(to ?? from); number += 1) numbers.add(number);
  }
  return numbers;
}

function debounced(action) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, 100);
  };
}

function resize(step) {
  zoom = Math.max(0, Math.min(ZOOMS.length - 1, zoom + step));
  fit();
}

find("previous").addEventListener("click", () => goTo(shown - 1));
find("next").addEventListener("click", () => goTo(shown + 1));
find("smaller").addEventListener("click", () => resize(-1));
find("larger").addEventListener("click", () => resize(1));
find("page").addEventListener("change", (event) => goTo(Number(event.target.value)));
