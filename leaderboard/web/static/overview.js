// The whole round at a glance: who owned how much of the core when, and who died. Time runs as
// the square of the distance from the left, because most of a fight is at its beginning.

import { FLAG, HUES, drawFlag, pageColours } from "./picture.js";

const SAMPLES = 300;
const THUMB = 10; // what the thumb of the scrubber hides at the end, in pixels of the page

export const turnAt = (share, turns) => Math.round(turns * share * share);
export const shareAt = (turn, turns) => (turns ? Math.sqrt(turn / turns) : 1);

export class Overview {
  #owned = []; // of each sample, cells of each seat

  // Runs the round from its beginning to its end.
  constructor(canvas, round) {
    this.canvas = canvas;
    this.round = round;
    for (let i = 0; i <= SAMPLES; i++) {
      round.forward(turnAt(i / SAMPLES, round.turns));
      this.#owned.push([...round.owned]);
    }
  }

  draw() {
    const scale = globalThis.devicePixelRatio || 1;
    const { canvas } = this;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    const colours = pageColours(canvas);
    const context = canvas.getContext("2d");
    context.fillStyle = colours.empty;
    context.fillRect(0, 0, canvas.width, canvas.height);
    // The first seat grows from below, all others from above.
    this.#drawArea(context, colours.full[0], (owned) => [1 - owned[0] / this.round.size, 1]);
    let above = () => 0;
    for (let seat = 1; seat < this.round.warriors.length; seat++) {
      const top = above;
      const bottom = (owned) => top(owned) + owned[seat] / this.round.size;
      this.#drawArea(context, colours.full[seat % HUES], (owned) => [top(owned), bottom(owned)]);
      above = bottom;
    }
    this.#drawDeaths(context, colours, scale);
  }

  #drawArea(context, colour, edges) {
    const { width, height } = this.canvas;
    const bounds = this.#owned.map(edges);
    context.fillStyle = colour;
    context.beginPath();
    bounds.forEach(([top], i) => context.lineTo((i / SAMPLES) * width, top * height));
    bounds.reverse().forEach(([, bottom], i) =>
      context.lineTo((1 - i / SAMPLES) * width, bottom * height),
    );
    context.fill();
  }

  #drawDeaths(context, colours, scale) {
    const { width, height } = this.canvas;
    const side = FLAG * scale;
    this.round.warriors.forEach(({ death_turn: turn }, seat) => {
      if (!turn) return;
      const x = shareAt(turn, this.round.turns) * width;
      const left = Math.max(0, Math.min(x - side / 2, width - side - THUMB * scale));
      context.fillStyle = colours.ink;
      context.fillRect(x - scale, 0, 2 * scale, height);
      drawFlag(context, seat, left, (height - side) / 2, scale, colours);
    });
  }
}
