// A web site in a frame. Its pages are those that are linked from pages the learner has opened; a page is seen as far
// down as it stood on the screen for a second.

import { Session, fail, file, sentence } from "./viewer.js";

const TICK_MS = 500;
const TICKS_TO_SEE = 2;
const PAGE = /(\.html?|\/)$/i;

const frame = document.getElementById("site");
const session = new Session();
const base = file.pathname.slice(0, file.pathname.lastIndexOf("/") + 1);
const start = file.pathname.slice(base.length);
const shares = new Map(Object.entries(session.kept.seen ?? { [start]: 0 }));
let shown = null;
let ticks = 0;

frame.addEventListener("load", () => {
  ticks = 0;
  shown = pageOf(frame.contentWindow);
});
setInterval(look, TICK_MS);
frame.src = base + (shares.has(session.place) ? session.place : start);

/** The page in the frame, as it is called below the first one; null when it is none of this site's. */
function pageOf(view) {
  try {
    return nameOf(view.location.href);
  } catch {
    return null; // The learner followed a link to another site.
  }
}

function nameOf(address) {
  const { origin, pathname } = new URL(address, frame.contentDocument?.baseURI ?? file.href);
  return origin === file.origin && pathname.startsWith(base) ? pathname.slice(base.length) : null;
}

function look() {
  if (document.visibilityState === "hidden" || shown === null) return;
  const content = frame.contentDocument;
  const page = content?.scrollingElement;
  if (!page) return;
  for (const link of content.querySelectorAll("a[href]")) {
    const name = PAGE.test(link.pathname ?? "") && !link.hasAttribute("download") ? nameOf(link.href) : null;
    if (name !== null && !shares.has(name)) shares.set(name, 0);
  }
  ticks += 1;
  if (ticks < TICKS_TO_SEE) return;
  const share = Math.min(1, (page.scrollTop + frame.clientHeight + 2) / Math.max(1, page.scrollHeight));
  shares.set(shown, Math.max(shares.get(shown) ?? 0, Math.round(share * 100) / 100));
  tell();
}

function tell() {
  const known = [...shares.values()];
  const total = known.reduce((sum, share) => sum + share, 0);
  const facts = { seen: known.filter((share) => share >= 0.9).length, all: known.length };
  session.keep(shown, { seen: Object.fromEntries(shares) }, total / known.length, sentence("pages_seen", facts));
}

fetch(file, { method: "HEAD" }).then((answer) => answer.ok || fail("unreadable"), () => fail("unreadable"));
