"use strict";

const CHECK = {
  id: "check-fronts",
  objective: "fronts",
  type: "choice",
  text: "A blue line with triangles reaches your town. What comes with it?",
  options: [["a", "Hours of drizzle, then warmer air"], ["b", "A short spell of heavy showers, then colder, clearer air"], ["c", "Fog all day"], ["d", "No change"]],
  correct: ["b"],
  why: "Cold air pushes under warm air and lifts it steeply: heavy showers in a narrow band, with cooler air behind.",
};
