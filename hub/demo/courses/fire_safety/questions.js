"use strict";

const QUESTIONS = [
  {
    id: "alarm-drill",
    type: "true-false",
    text: "“It is surely only a drill, so I may finish my sentence first.”",
    options: [["t", "True"], ["f", "False"]],
    correct: ["f"],
    why: "Every alarm counts as real. You find out whether it was a drill at the assembly point.",
  },
  {
    id: "hot-door",
    type: "choice",
    text: "You touch a closed door with the back of your hand and it is hot. What do you do?",
    options: [
      ["a", "Open it a little and look"],
      ["b", "Leave it closed and take another way out"],
      ["c", "Pour water over the handle"],
      ["d", "Open it quickly and run"],
    ],
    correct: ["b"],
    why: "A hot door has fire behind it. Closed, it holds the fire back for many minutes.",
  },
  {
    id: "on-the-way-out",
    type: "choice",
    multiple: true,
    text: "Which of these are right on the way out? Choose all that are.",
    options: [
      ["a", "Close doors behind you"],
      ["b", "Take the lift to save time"],
      ["c", "Walk quickly without running"],
      ["d", "Fetch your bag"],
    ],
    correct: ["a", "c"],
    why: "Closed doors stop smoke and walking avoids falls. Lifts may stop between floors, and a bag can be replaced.",
  },
  {
    id: "order-of-steps",
    type: "sequencing",
    text: "You discover a fire in the art room. Put the steps in order.",
    options: [
      ["a", "Go to the assembly point"],
      ["b", "Press the nearest alarm button"],
      ["c", "Report to the teacher who keeps the list"],
      ["d", "Leave the room and close its door"],
    ],
    correct: ["d", "b", "a", "c"],
    why: "Get out and close the door, raise the alarm, go to the assembly point, and be counted.",
  },
  {
    id: "emergency-number",
    type: "numeric",
    text: "Which number calls the fire brigade from any phone in the European Union?",
    unit: "Number",
    correct: ["112"],
    why: "112 is free and works in every country of the Union, without a SIM card in some of them too.",
  },
  {
    id: "extinguishers",
    type: "matching",
    text: "Which extinguisher fits which fire?",
    options: [
      ["1", "Paper in a waste basket"],
      ["2", "A computer under power"],
      ["3", "Burning frying oil"],
    ],
    targets: [
      ["a", "Wet chemical"],
      ["b", "Water"],
      ["c", "Carbon dioxide"],
    ],
    correct: [["1", "b"], ["2", "c"], ["3", "a"]],
    why: "Water cools paper; carbon dioxide does not conduct; wet chemical seals hot oil, which water would throw about.",
  },
];
