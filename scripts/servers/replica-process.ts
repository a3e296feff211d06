/** A replica on this machine: the real program, always on the same port, over the same folder, by the same name. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/fairsieve.js');

/** Does not start it yet. `env` are its settings beside those that make it this replica; those of this process do not count. */
export async function replicaProcess(
  name: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServerProcess> {
  const port = await freePort();
  const dataDir = path.join(folder, name);
  await mkdir(dataDir, { recursive: true });
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('FAIRSIEVE_'));
  return new ServerProcess({
    name,
    url: `http://127.0.0.1:${port}`,
    program: process.execPath,
    args: [BIN, 'serve'],
    env: {
      ...Object.fromEntries(inherited),
      ...env,
      FAIRSIEVE_HOST: '127.0.0.1',
      FAIRSIEVE_PORT: String(port),
      FAIRSIEVE_DATA_DIR: dataDir,
    },
    isReady: (output) => /^fairsieve listens on /m.test(output),
  });
}
