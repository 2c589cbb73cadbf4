// A video in the browser's own player. What counts is the time that was really played: jumping ahead adds nothing,
// and seeing a part twice adds it once.

import { Session, fail, file, sentence } from "./viewer.js";

// The browser tells the time about four times a second; a larger step than this is a jump.
const LONGEST_STEP = 2;
const SAVED_EVERY_MS = 5_000;

const video = document.getElementById("video");
const session = new Session();
const spans = (session.kept.played ?? []).filter((span) => Array.isArray(span) && span[0] < span[1]);
const about = session.facts ?? {};
let last = null;
let savedAt = 0;

for (const { file: name, language } of about.captions ?? []) {
  if (/\.srt$/i.test(name)) {
    addSubRip(beside(name), language);
    continue;
  }
  const track = document.createElement("track");
  Object.assign(track, { kind: "captions", src: beside(name), srclang: language, label: nameOf(language) });
  track.default = video.querySelector("track") === null;
  video.append(track);
}
if (about.poster) video.poster = beside(about.poster);

video.addEventListener("loadedmetadata", () => {
  const place = Number(session.place) || 0;
  if (place > 0 && place < video.duration - 1) video.currentTime = place;
  tell();
});
video.addEventListener("timeupdate", () => {
  if (video.seeking || video.paused) return;
  note(video.currentTime);
  if (performance.now() - savedAt >= SAVED_EVERY_MS) tell();
});
video.addEventListener("playing", () => (last = video.currentTime));
video.addEventListener("seeking", () => (last = null));
video.addEventListener("seeked", () => (last = video.paused ? null : video.currentTime));
for (const moment of ["pause", "ended"]) {
  video.addEventListener(moment, () => {
    if (!video.seeking) note(video.currentTime);
    last = null;
    tell();
  });
}
video.addEventListener("error", () => fail("unplayable"));
window.addEventListener("pagehide", tell);
video.src = file.href;

/** The stretch from the last moment to this one has been played, unless somebody jumped. */
function note(now) {
  const step = now - last;
  if (last !== null && step > 0 && step <= LONGEST_STEP * Math.max(1, video.playbackRate)) add(last, now);
  last = now;
}

/** Join a span with those it touches. */
function add(from, to) {
  const touching = spans.filter(([start, end]) => start <= to + 0.5 && end >= from - 0.5);
  for (const span of touching) spans.splice(spans.indexOf(span), 1);
  const ends = touching.flat();
  spans.push([Math.min(from, ...ends), Math.max(to, ...ends)]);
  spans.sort(([a], [b]) => a - b);
}

function tell() {
  if (!Number.isFinite(video.duration)) return;
  savedAt = performance.now();
  const played = spans.reduce((sum, [from, to]) => sum + to - from, 0);
  // The first and the last moments are not told of exactly.
  const share = played >= video.duration - 1 ? 1 : played / video.duration;
  const rounded = spans.map((span) => span.map((moment) => Math.round(moment * 10) / 10));
  const facts = { percent: Math.floor(Math.max(share, session.progress) * 100) };
  session.keep(video.currentTime.toFixed(1), { played: rounded }, share, sentence("played", facts));
}

function beside(name) {
  const grant = file.pathname.split("/").slice(0, 3).join("/");
  return `${grant}/${name}`;
}

/** SubRip, which no browser reads: a number, a line of times, and lines of text, with empty lines between them. */
async function addSubRip(address, language) {
  const track = video.addTextTrack("captions", nameOf(language), language);
  const answer = await fetch(address);
  if (!answer.ok) return;
  for (const block of decoded(await answer.arrayBuffer()).replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const times = /(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3}).*\n?/.exec(block);
    const text = times ? block.slice(times.index + times[0].length).replace(/\{\\.*?\}/g, "").trim() : "";
    if (!text) continue;
    const [start, end] = [times.slice(1, 5), times.slice(5, 9)].map(
      ([hours, minutes, seconds, parts]) => hours * 3600 + minutes * 60 + Number(`${seconds}.${parts}`),
    );
    track.addCue(new VTTCue(start, end, text));
  }
  if (video.querySelector("track") === null && video.textTracks[0] === track) track.mode = "showing";
}

/** SubRip says no encoding: UTF-8 where that fits, or else that of Windows. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function nameOf(language) {
  const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });
  return language ? names.of(language) : sentence("captions");
}
