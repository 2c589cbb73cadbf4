"use strict";

const CHECK = {
  id: "check-pressure",
  objective: "pressure",
  type: "choice",
  text: "On a map the isobars over the sea lie close together. What does that tell you?",
  options: [["a", "Fog is likely"], ["b", "The wind is strong there"], ["c", "The sea is warm"], ["d", "The pressure is high"]],
  correct: ["b"],
  why: "Close isobars mean that pressure changes quickly from place to place, and that drives a strong wind.",
};
