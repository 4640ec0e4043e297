// Server-sent events over fetch: a POST can be read, headers can be sent, a cut can be mended.

/** Splits what arrives, however it is cut, into whole events {id, type, data}. */
export class EventParser {
  #rest = "";

  push(text) {
    const received = this.#rest + text;
    const end = received.endsWith("\r") ? -1 : undefined; // its line feed may be on the way
    const blocks = received.slice(0, end).replace(/\r\n?/g, "\n").split("\n\n");
    this.#rest = blocks.pop() + (end ? "\r" : "");
    return blocks.map(parseBlock).filter((event) => event.data !== null);
  }
}

function parseBlock(block) {
  const event = { id: null, type: "message", data: null };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue; // a comment keeps the connection awake
    const value = line.slice(colon + 1).replace(/^ /, "");
    const name = line.slice(0, colon);
    if (name === "data") event.data = event.data === null ? value : `${event.data}\n${value}`;
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
  }
  return event;
}

async function* eventsOf(response) {
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const TERMINAL = new Set(["run.finished", "run.failed", "run.cancelled"]);
const PAUSES = [300, 1000, 3000, 6000];

/** So long, or until the line is back; at most until the signal. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", resolve, { once: true });
    if (!navigator.onLine) clearTimeout(timer); // nothing to try before that
  });
}

/**
 * The events of the run at `address` up to the terminal one. After a cut it asks again from the
 * last event it has seen, so that none is lost or doubled. `first` is a response to begin with,
 * for streams that begin with the answer to a question.
 */
export async function* runEvents(address, signal, first = null) {
  let response = first;
  let lastId = null;
  for (let attempt = 0; ; ) {
    try {
      if (!response) {
        const headers = lastId ? { "Last-Event-ID": lastId } : {};
        response = await fetch(address, { headers, signal });
        if (!response.ok) throw new Error(`status ${response.status}`);
      }
      for await (const event of eventsOf(response)) {
        attempt = 0;
        lastId = event.id ?? lastId;
        yield { ...JSON.parse(event.data), type: event.type };
        if (TERMINAL.has(event.type)) return;
      }
      throw new Error("the stream ended early");
    } catch (error) {
      if (signal.aborted || attempt >= PAUSES.length) throw error;
      await pause(PAUSES[attempt], signal);
      if (navigator.onLine) attempt++; // a line that is away is no failure of the server's
      response = null;
    }
  }
}
