/** Of answers that are written as text: Fastify names the same type for those that it serializes. */
export const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';
