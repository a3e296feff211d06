/** A name server on loopback for tests, over UDP, that answers whatever a test wants. */
import { createServer, Packet } from 'dns2';

export interface Records {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** The name is an alias of this one, which the records then belong to. */
  readonly cname?: string;
}

/** `unknown`: there is no such name. `silent`: the server never answers. A function is asked at each question. */
export type ZoneEntry = Records | 'unknown' | 'silent' | (() => Records);

const NXDOMAIN = 3;
const TTL_S = 300;

export class FakeDns implements AsyncDisposable {
  /** As `FakeDns` was asked, such as `A hooks.example.net`. */
  readonly questions: string[] = [];
  readonly #server;
  readonly #zone: Readonly<Record<string, ZoneEntry>>;
  #address = '';

  private constructor(zone: Readonly<Record<string, ZoneEntry>>) {
    this.#zone = zone;
    this.#server = createServer({
      udp: true,
      handle: (request, send) => {
        const answer = this.#answer(request);
        if (answer) void send(answer);
      },
    });
  }

  static async start(zone: Readonly<Record<string, ZoneEntry>>): Promise<FakeDns> {
    const dns = new FakeDns(zone);
    const { udp } = await dns.#server.listen({ udp: { port: 0, address: '127.0.0.1' } });
    dns.#address = `127.0.0.1:${udp?.port}`;
    return dns;
  }

  /** For `dnsServers`. */
  get servers(): readonly string[] {
    return [this.#address];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }

  #answer(request: Packet): Packet | undefined {
    const { TYPE, CLASS } = Packet;
    const question = request.questions[0];
    if (!question) return undefined;
    const name = question.name.toLowerCase();
    const isA = question.type === TYPE.A;
    this.questions.push(`${isA ? 'A' : 'AAAA'} ${name}`);
    const entry = this.#zone[name] ?? 'unknown';
    if (entry === 'silent') return undefined;
    const response = Packet.createResponseFromRequest(request);
    if (entry === 'unknown') {
      response.header.rcode = NXDOMAIN;
      return response;
    }
    const { a = [], aaaa = [], cname } = typeof entry === 'function' ? entry() : entry;
    const record = (type: number, owner: string, data: object): void => {
      const base = new Packet.Resource(owner, type, CLASS.IN, TTL_S);
      response.answers.push(Object.assign(base, data));
    };
    if (cname !== undefined) record(TYPE.CNAME, name, { domain: cname });
    for (const address of isA ? a : aaaa) record(question.type, cname ?? name, { address });
    return response;
  }
}
