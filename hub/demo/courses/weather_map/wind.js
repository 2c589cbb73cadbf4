"use strict";

const CHECK = {
  id: "check-wind",
  objective: "wind",
  type: "numeric",
  text: "The shaft of a station has two long barbs and one short one. How fast is the wind?",
  unit: "Knots",
  correct: ["25"],
  why: "A long barb stands for 10 knots and a short one for 5: 10 + 10 + 5 = 25.",
};
