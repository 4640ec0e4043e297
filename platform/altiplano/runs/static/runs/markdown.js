// An answer while it is said: Markdown as elements, made one by one and never from HTML.
//
// Nothing can be loaded or run: there are no images, and a link is its words and its address. When
// the answer is complete the server's rendering takes this one's place.

const BLOCK_END = /\n[ \t]*\n/g;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const INLINE =
  /(`+)([^`]|[^`][^]*?[^`])\1(?!`)|!?\[([^\][\n]*)\]\(\s*<?([^\s()<>]*)>?[^()\n]*\)|\[(\d{1,3})\]|(\*\*|__)(?=\S)([^]*?\S)\6|([*_])(?=\S)([^*_]*?[^\s*_])\8(?!\w)/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])[ \t]+/;

const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

/** Text that grows in `element`: finished blocks stay as they are, only the last is made anew. */
export class GrowingText {
  #open = "";
  #last = [];

  constructor(element) {
    this.element = element;
    this.text = "";
  }

  add(text) {
    this.text += text;
    this.#open += text;
    for (;;) {
      const end = endOfFirstBlock(this.#open);
      if (end < 0) break;
      this.#show(this.#open.slice(0, end));
      this.#last = [];
      this.#open = this.#open.slice(end).replace(/^\s*\n/, "");
    }
    this.#show(this.#open);
  }

  set(text) {
    this.element.replaceChildren();
    this.text = this.#open = "";
    this.#last = [];
    this.add(text);
  }

  #show(block) {
    for (const node of this.#last) node.remove();
    this.#last = renderBlock(block);
    this.element.append(...this.#last);
  }
}

/** Where the first block is surely over, or -1: code goes on over empty lines. */
function endOfFirstBlock(text) {
  const fence = FENCE.exec(text)?.[1];
  if (fence) {
    const close = new RegExp(`\\n {0,3}${fence[0] === "~" ? "~" : "`"}{${fence.length},}[ \\t]*\\n`);
    const found = close.exec(text);
    return found ? found.index + found[0].length : -1;
  }
  BLOCK_END.lastIndex = 0;
  const end = BLOCK_END.exec(text);
  return end ? end.index + end[0].length : -1;
}

function renderBlock(block) {
  const lines = block.replace(/\s+$/, "").split("\n");
  const nodes = [];
  let paragraph = null;
  let list = null;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const heading = /^ {0,3}(#{1,6})[ \t]+(.*)$/.exec(line);
    const item = ITEM.exec(line);
    const fence = FENCE.exec(line)?.[1];
    if (fence) {
      const rest = lines.slice(at + 1);
      const close = rest.findIndex((each) => each.trim().startsWith(fence));
      const code = rest.slice(0, close < 0 ? rest.length : close);
      const pre = make("pre");
      pre.append(make("code", code.join("\n")));
      nodes.push(pre);
      at += close < 0 ? rest.length : close + 1;
      paragraph = list = null;
    } else if (heading) {
      nodes.push(inline(make(`h${Math.min(heading[1].length + 2, 6)}`), heading[2]));
      paragraph = list = null;
    } else if (item) {
      const name = /\d/.test(item[2]) ? "ol" : "ul";
      if (list?.localName !== name) {
        list = make(name);
        if (name === "ol") list.start = parseInt(item[2], 10);
        nodes.push(list);
      }
      paragraph = inline(make("li"), line.slice(item[0].length));
      list.append(paragraph);
    } else if (line.trim()) {
      const words = line.replace(/^ {0,3}> ?/, "");
      if (!paragraph) nodes.push((paragraph = make(words === line ? "p" : "blockquote")));
      else paragraph.append(" ");
      inline(paragraph, words.trim());
    }
  }
  return nodes;
}

/** The words of a line, with what is set off among them. */
function inline(parent, text) {
  for (;;) {
    const found = INLINE.exec(text);
    if (!found) break;
    const [all, ticks, code, words, address, number, , strong, , stressed] = found;
    parent.append(text.slice(0, found.index));
    text = text.slice(found.index + all.length);
    if (ticks) parent.append(make("code", code));
    else if (words !== undefined) {
      inline(parent, words);
      if (!all.startsWith("!")) parent.append(` (${address})`);
    } else if (number) {
      parent.append(Object.assign(make("span", `[${number}]`), { className: "chip" }));
    } else parent.append(inline(make(strong ? "strong" : "em"), strong ?? stressed));
  }
  parent.append(text);
  return parent;
}
