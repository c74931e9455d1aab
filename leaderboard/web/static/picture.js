// The core as a map on a canvas: each cell in the colour of its owner, bright while the write is
// recent; a dot is a process, a framed square with a letter what a warrior executes next.

export const HUES = 8; // of the page: --node-0 ... --node-7
const LEVELS = 8;
const DIMMEST = 0.4;
const MARGIN = 6; // around the map, for frames of cells at its edge, in pixels of the page
const NOTCHES = ["", "se", "nw", "se nw"]; // owners differ by shape too, where there is room

export const letter = (seat) => String.fromCharCode(65 + (seat % 26));

// The page's colours as #rrggbb, however the page writes them; `full` are those of the seats.
export function pageColours(element) {
  const style = getComputedStyle(element);
  const context = document.createElement("canvas").getContext("2d");
  const colour = (name) => {
    context.fillStyle = style.getPropertyValue(`--${name}`).trim() || "gray";
    return context.fillStyle;
  };
  return {
    ...Object.fromEntries(["empty", "ink", "paper"].map((name) => [name, colour(name)])),
    onFull: colour("on-node"),
    full: Array.from({ length: HUES }, (_, i) => colour(`node-${i}`)),
  };
}

// A colour on the way from one to another, both #rrggbb.
function mixed(from, to, share) {
  const channels = [1, 3, 5].map((i) => {
    const [a, b] = [from, to].map((colour) => parseInt(colour.slice(i, i + 2), 16));
    return Math.round(a + (b - a) * share);
  });
  return `rgb(${channels.join(" ")})`;
}

export const FLAG = 16; // side of a flag, in pixels of the page

// A warrior's letter on its colour.
export function drawFlag(context, seat, left, top, scale, { full, onFull, paper }) {
  const side = FLAG * scale;
  context.fillStyle = paper;
  context.fillRect(left, top, side, side);
  context.fillStyle = full[seat % HUES];
  context.fillRect(left + scale, top + scale, side - 2 * scale, side - 2 * scale);
  context.fillStyle = onFull;
  context.font = `700 ${11 * scale}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter(seat), left + side / 2, top + side / 2 + scale / 2);
}

export class Picture {
  #core = document.createElement("canvas"); // cells: only those that changed are painted again
  #marks = document.createElement("canvas"); // what lies above them, painted anew every time
  #colours;
  #painted; // of each cell, a number for how it looks
  #processes; // of each cell, the seat of a process there, -1 if there is none

  constructor(frame, round) {
    this.round = round;
    this.frame = frame;
    this.columns = Math.ceil(Math.sqrt(round.size * 1.25)); // as in pictures of `corewar replay`
    this.rows = Math.ceil(round.size / this.columns);
    this.#painted = new Int32Array(round.size);
    this.#processes = new Int16Array(round.size);
    const names = round.warriors.map(({ name }) => name).join(" against ");
    this.#core.setAttribute("role", "img");
    this.#core.setAttribute("aria-label", `Map of the core: ${names}`);
    this.#marks.setAttribute("aria-hidden", "true");
    frame.append(this.#core, this.#marks);
  }

  // Fit the width there is, with cells of whole pixels of the screen.
  fit(width) {
    const scale = globalThis.devicePixelRatio || 1;
    this.scale = scale;
    this.margin = Math.ceil(MARGIN * scale);
    this.cell = Math.max(1, Math.floor((width * scale - 2 * this.margin) / this.columns));
    for (const canvas of [this.#core, this.#marks]) {
      canvas.width = this.columns * this.cell + 2 * this.margin;
      canvas.height = this.rows * this.cell + 2 * this.margin;
      canvas.style.width = `${canvas.width / scale}px`;
      canvas.style.height = `${canvas.height / scale}px`;
    }
    this.recolour();
  }

  // In pixels of the page.
  get width() {
    return this.#core.width / this.scale;
  }

  // Read the page's colours, which may turn from light to dark.
  recolour() {
    const colours = pageColours(this.frame);
    const level = (i) => DIMMEST + ((1 - DIMMEST) * i) / (LEVELS - 1);
    const steps = Array.from({ length: LEVELS }, (_, i) => level(i));
    this.#colours = {
      ...colours,
      cells: colours.full.map((own) => steps.map((share) => mixed(colours.empty, own, share))),
      dots: colours.full.map((own) => mixed(colours.ink, own, 0.15)),
    };
    this.#painted.fill(-1);
    const context = this.#core.getContext("2d", { alpha: false });
    context.fillStyle = this.#colours.paper;
    context.fillRect(0, 0, this.#core.width, this.#core.height);
  }

  // The address of the cell under a mouse event, or -1.
  addressAt({ clientX, clientY }) {
    const box = this.#core.getBoundingClientRect();
    const place = (pixels) => Math.floor((pixels * this.scale - this.margin) / this.cell);
    const [column, row] = [place(clientX - box.left), place(clientY - box.top)];
    if (column < 0 || column >= this.columns || row < 0) return -1;
    const address = row * this.columns + column;
    return address < this.round.size ? address : -1;
  }

  draw(selected) {
    this.#findProcesses();
    const { size, owner, writtenAt, turn } = this.round;
    const context = this.#core.getContext("2d", { alpha: false });
    for (let address = 0; address < size; address++) {
      // A write loses half its brightness in size / 4 turns.
      const freshness = 0.5 ** (((turn - writtenAt[address]) * 4) / size);
      const level = owner[address] < 0 ? 0 : Math.round(freshness * (LEVELS - 1));
      const process = this.#processes[address];
      const look = ((owner[address] + 1) * LEVELS + level) * 512 + process + 1;
      if (look === this.#painted[address]) continue;
      this.#painted[address] = look;
      this.#paintCell(context, address, owner[address], level, process);
    }
    this.#drawMarks(selected);
  }

  #findProcesses() {
    this.#processes.fill(-1);
    this.round.queues.forEach((queue, seat) => {
      for (let i = 0; i < queue.length; i++) this.#processes[queue.at(i)] = seat;
    });
  }

  #corner(address) {
    const [column, row] = [address % this.columns, Math.floor(address / this.columns)];
    return [this.margin + column * this.cell, this.margin + row * this.cell];
  }

  // The side of a cell without the line that keeps it from the next one.
  get #body() {
    return this.cell - (this.cell >= 4 ? Math.max(1, Math.round(this.cell / 16)) : 0);
  }

  #paintCell(context, address, owner, level, process) {
    const [x, y] = this.#corner(address);
    const side = this.#body;
    const { cells, empty, paper, dots } = this.#colours;
    context.fillStyle = owner < 0 ? empty : cells[owner % HUES][level];
    context.fillRect(x, y, side, side);
    const notch = side >= 5 && owner >= 0 ? Math.round(side * 0.34) : 0;
    context.fillStyle = paper;
    const shape = NOTCHES[Math.max(owner, 0) % NOTCHES.length];
    if (notch && shape.includes("se")) {
      context.fillRect(x + side - notch, y + side - notch, notch, notch);
    }
    if (notch && shape.includes("nw")) context.fillRect(x, y, notch, notch);
    if (process >= 0) {
      const dot = Math.max(1, Math.round(side * 0.46));
      const edge = Math.floor((side - dot) / 2);
      context.fillStyle = dots[process % HUES];
      context.fillRect(x + edge, y + edge, dot, dot);
    }
  }

  #drawMarks(selected) {
    const context = this.#marks.getContext("2d");
    context.clearRect(0, 0, this.#marks.width, this.#marks.height);
    if (selected >= 0) this.#frame(context, selected, 3 * this.scale);
    for (const seat of [...this.round.living].reverse()) this.#markNext(context, seat);
  }

  // A line around a cell, so many pixels away from it.
  #frame(context, address, distance) {
    const [x, y] = this.#corner(address);
    const line = 2 * this.scale;
    const edge = distance + line / 2;
    const side = this.#body + 2 * edge;
    for (const [width, style] of [[2 * line, this.#colours.paper], [line, this.#colours.ink]]) {
      context.lineWidth = width;
      context.strokeStyle = style;
      context.strokeRect(x - edge, y - edge, side, side);
    }
  }

  // A frame around the cell, and a flag with the warrior's letter beside it.
  #markNext(context, seat) {
    const [x, y] = this.#corner(this.round.next(seat));
    this.#frame(context, this.round.next(seat), 0);
    context.fillStyle = this.#colours.full[seat % HUES];
    context.fillRect(x, y, this.#body, this.#body);
    const side = FLAG * this.scale;
    const gap = 3 * this.scale;
    const left = Math.min(x + this.#body + gap, this.#marks.width - side);
    const top = y < side + gap ? y + this.#body + gap : y - gap - side;
    drawFlag(context, seat, left, top, this.scale, this.#colours);
  }
}
