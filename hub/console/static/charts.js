/* Charts of the console, drawn by uPlot from the table beneath each: its first column is the x axis, cells with
   `data-value` are the series. Colours are those of the page, in light and dark. */
"use strict";

(() => {
  const HEIGHT = 220;
  const DAY = 86_400;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** Labels and series of a table; what has no value is a gap. */
  function read(table) {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows];
    const columns = [...table.tHead.rows[0].cells].map((_, at) => at).filter(
      (at) => at > 0 && rows.some((row) => row.cells[at]?.dataset.value !== undefined),
    );
    const valueOf = (cell) => (cell?.dataset.value ? Number(cell.dataset.value) : null);
    return {
      labels: rows.map((row) => row.cells[0].dataset.value ?? row.cells[0].firstChild.textContent.trim()),
      names: columns.map((at) => heads[at]),
      series: columns.map((at) => rows.map((row) => valueOf(row.cells[at]))),
    };
  }

  /** Days without anything are not in the table; a chart shows them as zeros. */
  function everyDay({ labels, names, series }) {
    const seconds = labels.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
    const first = seconds[0];
    const count = Math.round((seconds.at(-1) - first) / DAY) + 1;
    const at = new Map(seconds.map((moment, row) => [Math.round((moment - first) / DAY), row]));
    const days = Array.from({ length: count }, (_, day) => first + day * DAY);
    return { names, x: days, series: series.map((one) => days.map((_, day) => (at.has(day) ? one[at.get(day)] : 0))) };
  }

  function axis(extra) {
    const grid = { stroke: colour("--line"), width: 1 };
    return { stroke: colour("--ink-soft"), grid, ticks: grid, font: "12px system-ui, sans-serif", ...extra };
  }

  /** Days as the reader writes them; what is counted gets no half lines. */
  const dayOf = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short", timeZone: "UTC" });
  const byDay = { values: (_, splits) => splits.map((moment) => dayOf.format(moment * 1000)) };
  const COUNTS = [1, 2, 5].flatMap((one) => [one, one * 10, one * 100, one * 1e3, one * 1e4, one * 1e5, one * 1e6]).sort((a, b) => a - b);

  function options(width, data, isTime, labels) {
    const { names, series } = data;
    const isCount = series.flat().every((value) => value === null || Number.isInteger(value));
    const strokes = [colour("--accent"), colour("--good"), colour("--warn")];
    const bars = uPlot.paths.bars({ size: [0.7, 60], align: 0 });
    const short = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);
    const byLabel = {
      splits: () => labels.map((_, at) => at),
      values: (_, splits) => splits.map((at) => (labels.length > 24 && at % 5 ? "" : short(labels[at] ?? ""))),
      rotate: labels.length > 12 ? -40 : 0,
      size: labels.length > 12 ? 70 : 34,
      grid: { show: false },
    };
    return {
      width,
      height: HEIGHT,
      tzDate: (moment) => uPlot.tzDate(new Date(moment * 1000), "UTC"),
      legend: { show: names.length > 1, live: false },
      cursor: { show: false },
      scales: { x: isTime ? { time: true, range: aWeekOrMore } : { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: wholes } },
      axes: [axis(isTime ? byDay : byLabel), axis({ size: 46, ...(isCount && { incrs: COUNTS }) })],
      series: [
        {},
        ...names.map((label, at) => ({
          label,
          stroke: strokes[at],
          fill: isTime ? undefined : strokes[at],
          width: isTime ? 2 : 0,
          dash: at % 2 ? [6, 4] : undefined,
          paths: isTime ? undefined : bars,
          points: { show: isTime && labels.length < 32 },
        })),
      ],
    };
  }

  /** A few days alone would be drawn years apart; what uPlot makes of a single one is not asked. */
  const aWeekOrMore = (chart) => {
    const [least, most] = [chart.data[0][0], chart.data[0].at(-1)];
    return [Math.min(least, most - 6 * DAY), most];
  };

  const wholes = (_, __, most) => [0, most > 0 ? most * 1.05 : 1];

  function draw(place) {
    const table = document.getElementById(place.dataset.table);
    if (!table || table.tBodies[0].rows.length === 0) return;
    const isTime = place.dataset.chart === "days";
    const found = read(table);
    const data = isTime ? everyDay(found) : { names: found.names, x: found.labels.map((_, at) => at), series: found.series };
    place.hidden = false;
    place.replaceChildren();
    new uPlot(options(place.clientWidth, data, isTime, found.labels), [data.x, ...data.series], place);
  }

  function drawAll() {
    for (const place of document.querySelectorAll("[data-chart]")) draw(place);
  }

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    let waiting = 0;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(drawAll, 150);
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  });
})();
