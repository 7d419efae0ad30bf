/** A field of two waves, each of which cools down by itself: the solution of the heat equation, in closed form. */
const waves = [
  { height: 1, across: 1, down: 1 },
  { height: 0.8, across: 3, down: 2 },
];

/** The temperature at x, y of the unit square and time t, whose border stays at 0. */
export function fieldAt(x: number, y: number, t: number): number {
  return waves.reduce((sum, { height, across, down }) => {
    const cooling = Math.exp(-(across ** 2 + down ** 2) * Math.PI ** 2 * t);
    return sum + height * cooling * Math.sin(across * Math.PI * x) * Math.sin(down * Math.PI * y);
  }, 0);
}
