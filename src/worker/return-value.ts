/** A task that returns what it is given: how the driver gets what a task has kept. */
export default function returnValue(value: unknown): unknown {
  return value;
}
