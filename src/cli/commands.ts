/** All commands. Each is loaded when it is called, so that a quick one does not wait for the code of the others. */
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  factor: {
    summary: 'factor numbers here, without a service',
    load: async () => (await import('./factor-command.ts')).factorCommand,
  },
  serve: {
    summary: 'run the service',
    load: async () => (await import('./serve-command.ts')).serveCommand,
  },
  submit: {
    summary: 'queue numbers at a service',
    load: async () => (await import('./submit-command.ts')).submitCommand,
  },
  async: {
    summary: 'queue numbers at a service that calls back',
    load: async () => (await import('./async-command.ts')).asyncCommand,
  },
  listen: {
    summary: 'receive callbacks, verify and print them',
    load: async () => (await import('./listen-command.ts')).listenCommand,
  },
  result: {
    summary: 'show requests of a service',
    load: async () => (await import('./result-command.ts')).resultCommand,
  },
  values: {
    summary: 'have a service keep numbers, and find them by a prime factor',
    load: async () => (await import('./values-command.ts')).valuesCommand,
  },
  load: {
    summary: 'put a service under load, and check what comes of it',
    load: async () => (await import('./load-command.ts')).loadCommand,
  },
  secret: {
    summary: "show or rotate the secret that signs a caller's callbacks",
    load: async () => (await import('./secret-command.ts')).secretCommand,
  },
  key: {
    summary: 'make, list and revoke API keys',
    load: async () => (await import('./key-command.ts')).keyCommand,
  },
  rescue: {
    summary: 'hand over what a database of Redis holds that has no replica',
    load: async () => (await import('./rescue-command.ts')).rescueCommand,
  },
  help: {
    summary: 'explain a command',
    load: async () => (await import('./help-command.ts')).helpCommand,
  },
  version: {
    summary: 'say which version this is',
    load: async () => (await import('./version-command.ts')).versionCommand,
  },
};
