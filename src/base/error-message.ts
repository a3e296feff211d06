/** What to tell of something that was thrown: whatever it is, since JavaScript throws anything. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
