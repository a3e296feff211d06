/** How the OpenAPI document is made of the routes' schemas. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import * as Type from 'typebox';
import { assert } from '../base/assert.ts';
import { CALLBACKS } from './documented.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Request headers to be documented. They are read by hand: most of them come in several forms. */
    documentedHeaders?: Readonly<Record<string, Type.TSchema>>;
  }
}

export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'fairsieve',
      version: '1',
      description:
        'Finds the prime factors of large integers for many callers at once, fairly in CPU time. Every refusal is `application/problem+json` (RFC 9457) with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'Where the server asks for API keys.' },
      },
    },
    // None, or a key: the document is the same for every server.
    security: [{}, { apiKey: [] }],
    tags: [
      { name: 'requests', description: 'Submit numbers, follow them, fetch their factors.' },
      { name: 'values', description: 'Keep numbers with their prime factors, and find them by a factor.' },
      { name: 'operations', description: 'For those who run the service.' },
    ],
  },
  refResolver: {
    buildLocalReference: ({ $id }, _base, _fragment, index) =>
      typeof $id === 'string' ? $id : `schema${index}`,
  },
  transform: ({ schema, url, route }) => {
    const headers = route.config?.documentedHeaders;
    return {
      schema: headers === undefined ? schema : { ...schema, headers: Type.Object({ ...headers }) },
      url,
    };
  },
  transformObject: (made) => {
    assert('openapiObject' in made, 'The document is one of OpenAPI');
    const { openapiObject } = made;
    Object.assign(openapiObject.paths?.['/async']?.post ?? {}, { callbacks: CALLBACKS });
    return openapiObject;
  },
};
