// What screen readers hear of an answer that grows: whole sentences, a few at a time.

const PAUSE_MS = 1500;
const SENTENCE_END = /[.!?…:](?=\s)|\n/g;

export class Speech {
  #waiting = "";
  #timer = null;

  constructor(region) {
    this.region = region;
    region.textContent = "";
  }

  hear(text) {
    this.#waiting += text;
    this.#timer ??= setTimeout(() => this.#say(), PAUSE_MS);
  }

  #say() {
    this.#timer = null;
    const ends = [...this.#waiting.matchAll(SENTENCE_END)];
    if (!ends.length) return;
    const end = ends.at(-1).index + 1;
    this.region.textContent = plain(this.#waiting.slice(0, end));
    this.#waiting = this.#waiting.slice(end);
  }

  end(sentence) {
    clearTimeout(this.#timer);
    this.region.textContent = `${plain(this.#waiting)} ${sentence}`;
    this.#waiting = "";
  }
}

const plain = (text) => text.replace(/[*_#`>]+|\[\d{1,3}\]/g, "").trim();
