/** From a caller's arguments to a call, and whether a call that was checked before still holds. */
import { isDetached } from '../operands/operand.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import type { Operation } from '../operations/operation.js';
import type { TypedArray } from '../types/buffers.js';
import type { Form, GivenOptions } from './call-options.js';
import { methodName } from './call-options.js';
import type { CallGroup } from './call-group.js';
import { Call } from './call.js';
import { listCall } from './lists/list-call.js';
import { isNumber, numberCall } from './number-call.js';
import { raggedCall } from './ragged/ragged-call.js';
import type { Setting } from './validate.js';
import { validate } from './validate.js';

/**
 * Check what a caller gives, which is an array, a list of arrays, blocks or a number; nothing is copied yet.
 *
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function checkedCall(
  group: CallGroup,
  setting: Setting,
  operation: Operation,
  buffer: unknown,
  given: GivenOptions,
  form: Form,
): Call {
  const what = methodName(operation, form);
  if (operation.takesNumber && isNumber(buffer)) {
    return new Call(group, numberCall(what, operation, buffer, given, setting, form));
  }
  if (operation.takesList && Array.isArray(buffer)) {
    const { args, stages, explain } = listCall(what, operation, buffer, given, setting);
    return new Call(group, args, undefined, stages, explain);
  }
  if (operation.takes === 'blocks') {
    const { args, stages } = raggedCall(what, operation, buffer, given, setting);
    return new Call(group, args, undefined, stages);
  }
  return new Call(group, validate(what, operation, buffer, given, setting));
}

/** Whether the memory of a call is still what it was: not detached, not shrunk, not freed. */
export function isIntact(call: Call, { arrays, group }: Setting): boolean {
  const { memory, count, inLists } = call.args;
  if (count === 0) return !memory.some(isDetached); // an empty array has no bytes that could be gone
  if (call.hasLost) return false;
  if (call.checkedAt === arrays.frees) return true;
  if (hasFreed(arrays, memory) || inLists?.some((array) => arrays.sharedPlace(array))) return false;
  // What lies at the same place now may be shared, or no more.
  const { output, shared } = call.args;
  const target = output ?? (shared && memory.at(-1));
  const place = target && arrays.sharedPlace(target);
  if (place?.array !== shared?.array || (place && place.group !== group)) return false;
  call.checkedAt = arrays.frees;
  return true;
}

/** Whether an array lies where arrays are made, and in none that is still there. */
function hasFreed(arrays: TaskArrays, memory: readonly TypedArray[]): boolean {
  return memory.some((array) => arrays.holds(array) && !arrays.owns(array));
}
