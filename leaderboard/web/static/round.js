// A round of a battle from its stream (format cwr1, see leaderboard/web/stream.py): the core and
// the queues at any turn. Knows nothing of the page, and runs anywhere.

const OPCODES =
  "DAT MOV ADD SUB MUL DIV MOD JMP JMZ JMN DJN SEQ SNE SLT SPL NOP LDP STP".split(" ");
const MODIFIERS = "A B AB BA F X I".split(" ");
const MODES = "#$*@{}<>";
const EMPTY = (0 << 9) | (4 << 6) | (1 << 3) | 1; // DAT.F $, $

const SNAPSHOT_BYTES = 20e6; // that all snapshots of a round may take
const SNAPSHOT_TURNS = 2048; // they lie at least so far apart

// One warrior's processes: addresses in a ring, next to execute first.
class Queue {
  constructor(ring, head = 0, length = 0) {
    Object.assign(this, { ring, head, length });
  }

  static holding(most) {
    return new Queue(new Uint16Array(2 ** Math.ceil(Math.log2(most))));
  }

  at(place) {
    return this.ring[(this.head + place) & (this.ring.length - 1)];
  }

  push(address) {
    this.ring[(this.head + this.length++) & (this.ring.length - 1)] = address;
  }

  shift() {
    const address = this.at(0);
    this.head++;
    this.length--;
    return address;
  }

  copy() {
    return new Queue(this.ring.slice(), this.head, this.length);
  }

  toArray() {
    return Array.from({ length: this.length }, (_, place) => this.at(place));
  }
}

// Public, all of it as it is after `turn` turns:
//   operation, a, b   what the cells hold, as packed in the stream
//   owner             seat that wrote a cell last, -1 if nobody did
//   writtenAt         turn of that write, 0 if it was loading
//   owned             how many cells each seat owns
//   queues            of each seat
//   living            seats that are alive, next to move first
//   ownTurns          turns that each seat has had
// and of the round as a whole: size, turns, maxCycles, warriors (see the stream's header).
export class Round {
  #stream; // columns of the stream
  #writes = 0; // how much of them has been applied
  #births = 0;
  #snapshots = [];
  #spacing;

  constructor(buffer) {
    const header = this.#parse(buffer);
    this.size = header.core_size;
    this.turns = header.turns;
    this.maxCycles = header.max_cycles;
    this.warriors = header.warriors;
    this.#load(header);
    const bytes = 12 * this.size + this.queues.reduce((sum, { ring }) => sum + ring.byteLength, 0);
    this.#spacing = Math.max(SNAPSHOT_TURNS, Math.ceil((this.turns * bytes) / SNAPSHOT_BYTES));
    this.#snapshots.push(this.#copy());
  }

  #parse(buffer) {
    const data = new DataView(buffer);
    const name = String.fromCharCode(...new Uint8Array(buffer, 0, Math.min(4, buffer.byteLength)));
    if (name !== "cwr1") throw new Error("This is no battle, or one of another version.");
    let place = 8 + data.getUint32(4, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, place - 8)));
    const column = (length) => {
      const words = new Uint16Array(length);
      for (let i = 0; i < length; i++, place += 2) words[i] = data.getUint16(place, true);
      return words;
    };
    const cells = (length) => [column(length), column(length), column(length)];
    const loaded = cells(header.loaded);
    const counts = new Uint8Array(buffer, place, header.turns);
    place += header.turns + (header.turns % 2);
    const [addresses, written] = [column(header.written), cells(header.written)];
    this.#stream = { loaded, counts, addresses, written, queued: column(header.queued) };
    return header;
  }

  #load({ first, max_processes }) {
    const seats = this.warriors.length;
    this.turn = 0;
    this.operation = new Uint16Array(this.size).fill(EMPTY);
    this.a = new Uint16Array(this.size);
    this.b = new Uint16Array(this.size);
    this.owner = new Int16Array(this.size).fill(-1);
    this.writtenAt = new Int32Array(this.size);
    this.owned = new Array(seats).fill(0);
    this.ownTurns = new Array(seats).fill(0);
    this.queues = this.warriors.map(() => Queue.holding(max_processes));
    this.living = this.warriors.map((_, i) => (first + i) % seats);
    let cell = 0;
    this.warriors.forEach(({ position, length, start }, seat) => {
      for (let i = 0; i < length; i++) {
        this.#write((position + i) % this.size, seat, this.#stream.loaded, cell++);
      }
      this.queues[seat].push(start);
    });
  }

  #write(address, seat, [operation, a, b], i) {
    this.operation[address] = operation[i];
    this.a[address] = a[i];
    this.b[address] = b[i];
    if (this.owner[address] >= 0) this.owned[this.owner[address]]--;
    this.owned[seat]++;
    this.owner[address] = seat;
    this.writtenAt[address] = this.turn;
  }

  // The address that a seat executes next, -1 if it is dead.
  next(seat) {
    return this.queues[seat].length ? this.queues[seat].at(0) : -1;
  }

  // The cycle that is running: turns of the warrior that has had most.
  get cycle() {
    return Math.max(...this.ownTurns);
  }

  #step() {
    const { counts, addresses, written, queued } = this.#stream;
    const seat = this.living.shift();
    const queue = this.queues[seat];
    const origin = queue.shift();
    const count = counts[this.turn++];
    for (const end = this.#writes + (count & 3); this.#writes < end; this.#writes++) {
      this.#write((origin + addresses[this.#writes]) % this.size, seat, written, this.#writes);
    }
    for (const end = this.#births + (count >> 2); this.#births < end; this.#births++) {
      queue.push((origin + queued[this.#births]) % this.size);
    }
    this.ownTurns[seat]++;
    if (queue.length) this.living.push(seat);
  }

  // Run on to a turn that is not behind.
  forward(turn) {
    for (const end = Math.min(turn, this.turns); this.turn < end; ) {
      this.#step();
      if (this.turn === this.#snapshots.length * this.#spacing) this.#snapshots.push(this.#copy());
    }
  }

  // Go to any turn; ones that do not exist become the nearest that does.
  seek(turn) {
    const goal = Math.max(0, Math.min(turn, this.turns));
    const nearest = Math.min(Math.floor(goal / this.#spacing), this.#snapshots.length - 1);
    if (goal < this.turn || nearest * this.#spacing > this.turn) {
      const { writes, births, ...state } = copied(this.#snapshots[nearest]);
      Object.assign(this, state);
      this.#writes = writes;
      this.#births = births;
    }
    this.forward(goal);
  }

  #copy() {
    const { turn, operation, a, b, owner, writtenAt, owned, ownTurns, queues, living } = this;
    const state = { turn, operation, a, b, owner, writtenAt, owned, ownTurns, queues, living };
    return copied({ ...state, writes: this.#writes, births: this.#births });
  }

  // A cell in Redcode; fields beyond half the core are distances backwards.
  redcode(address) {
    const operation = this.operation[address];
    const signed = (field) => (2 * field > this.size ? field - this.size : field);
    const name = `${OPCODES[operation >> 9]}.${MODIFIERS[(operation >> 6) & 7]}`;
    const a = MODES[(operation >> 3) & 7] + signed(this.a[address]);
    return `${name.padEnd(6)} ${`${a},`.padEnd(8)}${MODES[operation & 7]}${signed(this.b[address])}`;
  }
}

function copied({ queues, ...state }) {
  const copies = Object.entries(state).map(([name, value]) => [name, value.slice?.() ?? value]);
  return { ...Object.fromEntries(copies), queues: queues.map((queue) => queue.copy()) };
}
