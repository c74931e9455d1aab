// A few cells of the core in Redcode: around one that somebody chose, or around the next turn.

import { chip, element, number, table } from "./elements.js";

const LISTED = 9;

export class Inspector {
  pinned = -1; // the address that was chosen; -1 follows the next turn

  // `changed` is called when somebody chooses another address.
  constructor(round, changed) {
    this.round = round;
    this.changed = changed;
    const limits = { type: "number", min: "0", max: `${round.size - 1}` };
    this.input = element("input", { ...limits, placeholder: "next turn" });
    this.input.addEventListener("input", () => this.#read());
    this.rows = Array.from({ length: Math.min(LISTED, round.size) }, () => {
      const cells = ["th", "td", "td", "td"].map((tag) => element(tag));
      cells[0].setAttribute("scope", "row");
      return { row: element("tr", {}, ...cells), cells };
    });
    const titles = ["Address", "Instruction", "Written", "Processes"];
    const listing = table("replay-listing", titles, this.rows.map(({ row }) => row));
    listing.tabIndex = 0; // it scrolls where it is too wide
    listing.setAttribute("role", "region");
    listing.setAttribute("aria-label", "Cells of the core");
    const label = element("label", {}, "Cells around address ", this.input);
    this.root = element("div", { class: "replay-inspector" }, label, listing);
  }

  pin(address) {
    this.input.value = address < 0 ? "" : address;
    this.pinned = address;
    this.changed();
  }

  #read() {
    const { value, validity } = this.input;
    this.pinned = value !== "" && validity.valid ? Number(value) : -1;
    this.changed();
  }

  show() {
    const { round, rows } = this;
    const next = round.living.length ? round.next(round.living[0]) : 0;
    const middle = this.pinned < 0 ? next : this.pinned;
    const first = middle - Math.floor(rows.length / 2) + round.size;
    rows.forEach(({ row, cells }, i) => {
      const address = (first + i) % round.size;
      row.classList.toggle("replay-chosen", address === middle);
      cells[0].textContent = address;
      cells[1].textContent = round.redcode(address);
      cells[2].replaceChildren(...this.#writer(address));
      cells[3].replaceChildren(...this.#processes(address));
    });
  }

  #writer(address) {
    const [owner, turn] = [this.round.owner[address], this.round.writtenAt[address]];
    if (owner < 0) return ["never"];
    return [chip(owner), turn ? ` ${number(turn)}` : " loading"];
  }

  #processes(address) {
    return this.round.queues.flatMap((queue, seat) => {
      const count = queue.toArray().filter((each) => each === address).length;
      return count ? [chip(seat), ` ${number(count)} `] : [];
    });
  }
}
