/** What a team and its threads say to each other. Everything here survives structured cloning. */
import type { HelpWanted } from './kernel.ts';

export type ToTeamThread =
  /** First of all, and once. */
  | { readonly kind: 'begin'; readonly module: WebAssembly.Module }
  | { readonly kind: 'help'; readonly wanted: HelpWanted; readonly lane: number }
  | { readonly kind: 'rest' };

/** What was found: chunks for `Job.learn`, which tells those that come too late. */
export type FromTeamThread = readonly Uint8Array[];
