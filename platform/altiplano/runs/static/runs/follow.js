// An answer as it is said: words as they come, and what is being done before the first one.

import { runEvents } from "./events.js";
import { GrowingText } from "./markdown.js";
import { Speech } from "./speech.js";

const SHOW_DETAILS_MS = 10_000;

/** The run's events up to the last one are in the turn; what is left to be spoken comes back. */
export async function followRun(turn, { signal, say, keepingTheEnd }) {
  const text = new GrowingText(turn.querySelector(".answer"));
  const speech = new Speech(document.getElementById("spoken"));
  const wait = new Wait(turn, say.slow);
  try {
    for await (const event of runEvents(turn.dataset.events, signal)) {
      if (event.type === "stage.started") {
        wait.say(say[event.kind]);
      } else if (event.type === "answer.delta") {
        wait.end();
        keepingTheEnd(() => text.add(event.text));
        speech.hear(event.text);
      } else if (event.type === "reset" || event.type === "answer.finished") {
        const whole = event.run?.answer ?? event.text;
        if (whole !== text.text) keepingTheEnd(() => text.set(whole));
      }
    }
  } finally {
    wait.end();
  }
  return speech;
}

/** What is said while nothing is to be seen yet: the stage, later how long, or how many wait. */
class Wait {
  #begun = Date.now();
  #stage = "";
  #place = "";

  constructor(turn, slow) {
    this.turn = turn;
    this.slow = slow;
    this.timer = setInterval(() => this.#tick(), 1000);
  }

  say(stage) {
    this.#stage = stage ?? "";
    if (this.#stage) this.#show(this.#stage);
  }

  #show(sentence) {
    const line = this.turn.querySelector(".waiting");
    if (line) line.textContent = sentence;
  }

  async #tick() {
    const seconds = Math.round((Date.now() - this.#begun) / 1000);
    if (seconds * 1000 < SHOW_DETAILS_MS || !this.slow) return;
    if (!this.#stage && seconds % 5 === 0) await this.#askForPlace();
    const what = this.#stage || this.#place;
    if (this.timer) this.#show(`${what} ${this.slow.replace("{seconds}", seconds)}`);
  }

  async #askForPlace() {
    try {
      const response = await fetch(this.turn.dataset.page, { headers: { "HX-Request": "true" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      this.#place = page.querySelector(".waiting")?.textContent.trim() ?? "";
    } catch {
      this.#place = ""; // it is asked again
    }
  }

  end() {
    clearInterval(this.timer);
    this.timer = null;
    this.turn.querySelector(".waiting")?.remove();
  }
}
