/**
 * The threads of teams. One whose team is done is kept for some seconds, with the memory that it has, since starting one takes as long as a
 * tenth of a number of 60 digits.
 *
 * Invariants: a thread has one team at most; one that has failed is given to no other; none keeps the process from its end.
 */
import { PLATFORM, type Thread } from './platform.ts';
import type { FromTeamThread, ToTeamThread } from './team-messages.ts';

const KEEP_MS = 5_000;

export interface TeamThread {
  post(message: ToTeamThread): void;
  /** The team has no more use for it. */
  leave(): void;
}

interface KeptThread {
  readonly module: WebAssembly.Module;
  readonly thread: Thread;
  onFound: (found: FromTeamThread) => void;
  hasEnded: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** Those without a team. */
const idle = new Set<KeptThread>();

/** A thread that helps with this module, and tells what it has found; undefined where none can be started. */
export async function takeTeamThread(
  module: WebAssembly.Module,
  onFound: (found: FromTeamThread) => void,
): Promise<TeamThread | undefined> {
  const kept = takeIdle(module) ?? (await startThread(module));
  if (kept === undefined) return undefined;
  kept.onFound = onFound;
  return { post: (message) => kept.thread.post(message), leave: () => keep(kept) };
}

function takeIdle(module: WebAssembly.Module): KeptThread | undefined {
  const kept = [...idle].find((other) => other.module === module);
  if (kept === undefined) return undefined;
  idle.delete(kept);
  clearTimeout(kept.timer);
  return kept;
}

async function startThread(module: WebAssembly.Module): Promise<KeptThread | undefined> {
  let thread: Thread | undefined;
  try {
    thread = await PLATFORM.startTeamThread(
      (message) => kept.onFound(message as FromTeamThread),
      () => {
        kept.hasEnded = true;
        idle.delete(kept);
      },
    );
    const kept: KeptThread = { module, thread, onFound: ignore, hasEnded: false };
    thread.post({ kind: 'begin', module } satisfies ToTeamThread);
    return kept;
  } catch {
    // It may run already, and have been refused the module.
    void thread?.terminate();
    return undefined;
  }
}

function keep(kept: KeptThread): void {
  // What it is about to find comes too late, and whoever has it next tells that it is not about its number.
  kept.onFound = ignore;
  if (kept.hasEnded) return;
  kept.thread.post({ kind: 'rest' } satisfies ToTeamThread);
  idle.add(kept);
  kept.timer = setTimeout(() => {
    idle.delete(kept);
    void kept.thread.terminate();
  }, KEEP_MS);
  PLATFORM.letProcessEnd(kept.timer);
}

function ignore(): void {}
