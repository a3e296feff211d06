/** `fairsieve version` */
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { print } from './print.ts';

export const versionCommand: Command = {
  usage: '',
  about: 'Prints the version of fairsieve and of the Node.js that runs it.',
  options: {},
  run: async () => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    return print(`fairsieve ${version} (Node.js ${process.versions.node})`);
  },
};
