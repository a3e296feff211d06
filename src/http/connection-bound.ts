/**
 * How many connections are open, so that there are files left for everything else, and nobody takes them all.
 *
 * Invariants:
 *   B1. At most `max` are open. Node closes those beyond before a byte is read.
 *   B2. Nobody was let in who had as many as were free, by address: those are closed likewise.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { SharedPlaces } from '../base/shared-places.ts';
import { CONNECTIONS_MAX, FILES_KEPT } from '../domain/limits.ts';
import { clientNetwork } from './client-network.ts';

/** For a process that may have so many files open; undefined: nobody knows. At least one. */
export function connectionsMax(filesMax = Infinity): number {
  // Where there are few at all, half.
  const left = Math.max(filesMax - FILES_KEPT, Math.floor(filesMax / 2));
  return Math.max(1, Math.min(CONNECTIONS_MAX, left));
}

export interface ConnectionCounts {
  open: number;
  /** Since the start. */
  refused: number;
}

/** Keeps the bound for a server from now on. */
export function boundConnections(server: Server, max: number): Readonly<ConnectionCounts> {
  const places = new SharedPlaces(max);
  const counts: ConnectionCounts = { open: 0, refused: 0 };
  server.maxConnections = max;
  server.on('drop', () => counts.refused++);
  server.on('connection', (socket: Socket) => {
    const holder = clientNetwork(socket.remoteAddress);
    if (!places.take(holder)) {
      counts.refused++;
      socket.destroy();
      return;
    }
    counts.open++;
    socket.once('close', () => {
      places.giveBack(holder);
      counts.open--;
    });
  });
  return counts;
}
