/** How a request is watched: what of it counts as a change, and how often it is looked at. Pure. */
import type { RequestView } from './service.ts';

/** A watched request is looked at this often; one whose turn is far, which may be in the store only, less often. */
const EVERY_MS = 250;
const FAR_EVERY_MS = 2_000;
const NEAR_BELOW = 10;

/** Equal for two views if and only if there is nothing new to tell. */
export function watchedState({ status, progress, position, timeline }: RequestView): string {
  return JSON.stringify([status, progress, position, timeline.length]);
}

/** How long to wait before the request is looked at again, unless it ends before. */
export function watchPauseMs({ status, position }: RequestView): number {
  return status === 'running' || (position ?? 0) < NEAR_BELOW ? EVERY_MS : FAR_EVERY_MS;
}
