/** How the command ends, for scripts; docs/cli.md has the same table. */
export const EXIT = {
  ok: 0,
  /** Something was asked for and is not there: a number that cannot be read, an unfinished or failed request, a refusal. */
  failed: 1,
  usage: 2,
  unreachable: 3,
  /** A mistake in the program itself. */
  internal: 70,
  /** Whoever read the output went away: what a shell shows for a program that SIGPIPE ended. */
  outputClosed: 141,
} as const;

/** What a shell shows for a program that the signal ended. */
export const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT] | (typeof SIGNAL_EXIT)[keyof typeof SIGNAL_EXIT];
