/**
 * The least that Fastify can do with the same requests and answers: the ceiling for a server built on it.
 *
 * `POST /requests` validates a body of the same schema and stores nothing; `GET /requests/{id}` answers with what it holds. Both
 * answer with bodies as large as those of the service, which are given in the environment. Its address goes to the parent process.
 */
import assert from 'node:assert/strict';
import Fastify from 'fastify';
import { Submission } from '../../src/contract/submission.ts';

const { PEER_POST_ANSWER, PEER_GET_ANSWER } = process.env;
assert(PEER_POST_ANSWER !== undefined && PEER_GET_ANSWER !== undefined, 'The answers are not given');
const accepted: unknown = JSON.parse(PEER_POST_ANSWER);
const finished: unknown = JSON.parse(PEER_GET_ANSWER);

const app = Fastify();
app.post('/requests', { schema: { body: Submission } }, (_request, reply) => reply.code(202).send(accepted));
app.get('/requests/:request_id', (_request, reply) => reply.send(finished));
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
