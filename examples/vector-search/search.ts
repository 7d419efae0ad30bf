/** The task: the vectors that are most like another one. They are shared, so that no task copies them. */

/** Vectors of length 1, one behind the other. */
export interface Vectors {
  readonly dims: number;
  readonly values: Float32Array;
}

export interface Query {
  readonly vectors: Vectors;
  readonly query: Float32Array;
  readonly k: number;
}

/** A vector's number, and the cosine of its angle to the query. */
export interface Match {
  readonly index: number;
  readonly similarity: number;
}

/** The k most similar vectors, the best first. */
export default function search({ vectors: { dims, values }, query, k }: Query): Match[] {
  const best: Match[] = [];
  for (let index = 0; index < values.length / dims; index++) {
    let similarity = 0;
    for (let i = 0, at = index * dims; i < dims; i++, at++) similarity += query[i]! * values[at]!;
    if (best.length === k && similarity <= best[k - 1]!.similarity) continue;
    const place = best.findIndex((match) => match.similarity < similarity);
    best.splice(place === -1 ? best.length : place, 0, { index, similarity });
    best.length = Math.min(best.length, k);
  }
  return best;
}

/** Vectors of any length become vectors of length 1. */
export function normalise(from: ArrayLike<number>, dims: number): Vectors {
  const values = Float32Array.from(from);
  for (let start = 0; start < values.length; start += dims) {
    const vector = values.subarray(start, start + dims);
    const length = Math.hypot(...vector) || 1;
    vector.forEach((value, i) => (vector[i] = value / length));
  }
  return { dims, values };
}
