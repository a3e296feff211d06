/** The service could not be reached, or kept refusing for want of room, until patience ran out. `cause` is the last failure. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly attempts: number;

  constructor(url: string, attempts: number, afterMs: number, cause: Error) {
    const tried = attempts === 1 ? 'one attempt' : `${attempts} attempts`;
    super(`${url} is not available: ${cause.message} (${tried} in ${(afterMs / 1000).toFixed(1)} s)`, {
      cause,
    });
    this.attempts = attempts;
  }
}
