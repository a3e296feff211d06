/** An answer arrived whole and cannot be true: its factors do not multiply to the number, or it has another form than the contract's. */
export class WrongAnswerError extends Error {
  override readonly name = 'WrongAnswerError';
}
