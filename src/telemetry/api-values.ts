/** Values of the API's enums, which are types alone here: the API is not loaded. */
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment -- the compiler holds each value against the API's */
import type { SpanKind, SpanStatusCode } from '@opentelemetry/api';

/** Of the span of a task: the spans of its ranks are consumers. */
export const producer: SpanKind.PRODUCER = 3;
/** Of the span of a rank. */
export const consumer: SpanKind.CONSUMER = 4;
/** Of a span that has failed. */
export const statusError: SpanStatusCode.ERROR = 2;
