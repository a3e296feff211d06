/** What this floor needs of a logger; pino's fits. Requests are not logged one by one: metrics count them. */
export interface HttpLogger {
  error(context: object, message: string): void;
}
