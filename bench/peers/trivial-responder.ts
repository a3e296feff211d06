/**
 * The least that can answer as the service does: what a load generator is measured against, so that its own cost is what limits.
 *
 * Nothing is stored: the id of a request is its number. Only what the generator sends is understood: a request in one piece, its
 * number between a colon and what follows it. Its address goes to the parent process.
 */
import net from 'node:net';
import { createKernel, loadKernelModule } from '../../src/kernel/load-kernel.ts';

const kernel = createKernel(await loadKernelModule());
const NOW = new Date().toISOString();
const NUMBER = /(?:"number":|\/requests\/)(\d+)/;

/** As `GET /requests/{id}` shows it. */
function finished(number: string): string {
  const { factors } = kernel.factorSmall(BigInt(number));
  const primes = factors.map(({ prime }) => `"${prime}"`).join(',');
  const told = factors.map(({ prime }) => `{"prime":"${prime}","exponent":1,"certainty":"proven"}`).join(',');
  return `{"request_id":"${number}","caller_id":"load-1","mode":"queued","status":"done","number":"${number}","prime_factors":[${primes}],"factors":[${told}],"complete":true,"cpu_ms":0.1,"accepted_at":"${NOW}","started_at":"${NOW}","finished_at":"${NOW}","position":null,"expected_ms":null,"progress":null,"callback_url":null,"delivery":null,"sequence":null,"next_attempt_at":null,"error":null,"timeline":[{"event":"accepted","at":"${NOW}"},{"event":"started","at":"${NOW}"},{"event":"finished","at":"${NOW}","status":"done","source":"computed"}]}`;
}

function answerTo(request: string): string {
  if (request.startsWith('GET /healthz')) return answer('200 OK', '{"status":"ok"}');
  // What a load asks before it begins: it signs no callbacks.
  if (request.startsWith('GET /callback-secret')) return answer('404 Not Found', '{}');
  const number = NUMBER.exec(request)?.[1] ?? '';
  if (!request.startsWith('POST /requests')) return answer('200 OK', finished(number));
  const accepted = `{"request_id":"${number}","status":"queued","number":"${number}","position":0,"expected_ms":1}`;
  return answer('202 Accepted', accepted);
}

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\nconnection: keep-alive\r\n\r\n${body}`;
}

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (request) => socket.write(answerTo(String(request)), 'latin1'));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () =>
  process.send?.(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`),
);
process.once('disconnect', () => process.exit());
